import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Listener, listen } from '../../bin/listen.ts';
import type { ApiAnswer } from '../../lib/api/answer.ts';
import { type ApiRequest, headerOf } from '../../lib/api/api-request.ts';
import { type RawClient, rawClient } from '../support/raw-client.ts';

/* Node's server and the API, over real connections, with an API that says what it was asked. */

const most_bytes = 100_000;
const logged: string[] = [];
const clients: RawClient[] = [];
let listener: Listener;
/** How the body of each request ended: its text, or what was wrong with it. */
let bodies: Promise<string>[];
beforeEach(async () => {
  logged.length = 0;
  bodies = [];
  listener = await listen({ host: '127.0.0.1', port: 0, log: (line) => logged.push(line) });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const { socket } of clients.splice(0)) socket.destroy();
  await listener.close();
});

async function client(): Promise<RawClient> {
  const one = await rawClient(listener.url);
  clients.push(one);
  return one;
}
const says = (text: string | null, headers: Record<string, string> = {}): ApiAnswer => ({ status: 200, headers, text });
function bodyOf(request: ApiRequest): Promise<string> {
  const body = request.bytes(most_bytes).then(
    (bytes) => (bytes === undefined ? 'too long' : Buffer.from(bytes).toString()),
    () => 'broke off',
  );
  bodies.push(body);
  return body;
}
/** `/read…` is answered with its body, anything else at once. */
const echo = async (request: ApiRequest): Promise<ApiAnswer> =>
  says(`<${request.method} ${request.path}${request.path.startsWith('/read') ? ` ${await bodyOf(request)}` : ''}>`);

/** From now on our own timers wait for the test; those inside Node do not. */
const holdTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

const ask = (line: string, headers = '', body = ''): string => `${line} HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;
const post = (path: string, body: string, headers = ''): string =>
  ask(`POST ${path}`, `Content-Length: ${body.length}\r\n${headers}`, body);
const chunked = (path: string, ...chunks: string[]): string =>
  ask(
    `POST ${path}`,
    'Transfer-Encoding: chunked\r\n',
    chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join(''),
  );

describe('a connection', () => {
  it('is kept for a write that came in the very turn in which the server closes', async () => {
    holdTimers();
    const written = Promise.withResolvers<ApiAnswer>();
    listener.answerWith(() => written.promise);
    const closing = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    // Node says so just before it tells us of the request.
    const close = (): void =>
      process.nextTick(() => {
        closing.resolve(listener.close());
        begun.resolve();
      });
    subscribe('http.server.request.start', close);
    try {
      const { send, heard } = await client();
      send(post('/write', '{}'));
      await begun.promise;
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(5000);
      written.resolve(says('kept'));
      expect(await heard(/kept/)).toContain('200 OK');
    } finally {
      unsubscribe('http.server.request.start', close);
    }
    await vi.advanceTimersByTimeAsync(5000);
    await closing.promise;
  });

  it('serves requests that were sent together in their order, however long each takes', async () => {
    const first = Promise.withResolvers<ApiAnswer>();
    listener.answerWith((request) => (request.path === '/first' ? first.promise : echo(request)));
    const { send, heard } = await client();
    send(ask('GET /first') + post('/read', 'two') + ask('GET /three'));
    // The second has been answered by then, and waits for its turn.
    await expect.poll(() => bodies.length).toBe(1);
    await bodies[0];
    first.resolve(says('<first>'));
    const text = await heard(/three>/);
    expect(text.match(/<.*?>/g)).toEqual(['<first>', '<POST /read two>', '<GET /three>']);
  });

  it('carries an answer to HEAD without a body, and the next one after it', async () => {
    listener.answerWith(async ({ method }) => (method === 'HEAD' ? says(null, { 'x-a': 'b' }) : says('<next>')));
    const { send, heard } = await client();
    send(ask('HEAD /a') + ask('GET /b'));
    const [head = '', next] = (await heard(/<next>/)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\nx-a: b\r\n/);
    expect(head).not.toMatch(/content-length|transfer-encoding/i);
    expect(next).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-length: 6\r\n/);
  });

  it('carries texts in any script, each as long as it says', async () => {
    listener.answerWith(async () => says('{"name":"é€😀"}'));
    const answer = await fetch(listener.url);
    expect([answer.headers.get('content-length'), await answer.text()]).toEqual(['20', '{"name":"é€😀"}']);
  });

  it('goes on after a request that names no address: 400', async () => {
    listener.answerWith(echo);
    const { send, heard } = await client();
    send(`${ask('OPTIONS *')}GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${ask('GET /c')}`);
    const text = await heard(/<GET \/c>/);
    expect(text.match(/HTTP\/1\.1 \d+|<.*>/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 400', 'HTTP/1.1 200', '<GET /c>']);
  });

  it('brings headers that came twice as both', async () => {
    const names = ['content-type', 'authorization', 'x-request-id'];
    listener.answerWith(async (request) => says(`<${names.map((name) => headerOf(request, name)).join('|')}>`));
    const { send, heard } = await client();
    send(ask('GET /', names.map((name) => `${name}: 1\r\n${name}: 2\r\n`).join('')));
    expect(await heard(/>$/)).toContain('<1, 2|1, 2|1, 2>');
  });
});

describe('a body', () => {
  it('is read in one piece or many, with its length declared or not', async () => {
    listener.answerWith(echo);
    const { send, heard } = await client();
    send(post('/read1', 'one'));
    await heard(/<POST \/read1 one>/);
    send(post('/read2', 'three').slice(0, -3));
    send('ree');
    await heard(/<POST \/read2 three>/);
    send(`${chunked('/read3', 'fo', 'ur')}0\r\n\r\n`);
    await heard(/<POST \/read3 four>/);
    send(post('/read4', ''));
    await heard(/<POST \/read4 >/);
  });

  it('is waited for with 100 Continue where its sender waits for that', async () => {
    listener.answerWith(echo);
    const { send, heard } = await client();
    send(ask('POST /read', 'Expect: 100-continue\r\nContent-Length: 2\r\n'));
    await heard(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    send('hi');
    await heard(/<POST \/read hi>/);
  });

  it('that is too long is refused before its end, and what comes of it is thrown away', async () => {
    listener.answerWith(echo);
    const { send, heard } = await client();
    const megabyte = 'x'.repeat(1_000_000);
    send(chunked('/read', megabyte));
    await heard(/<POST \/read too long>/);
    send(`f4240\r\n${megabyte}\r\n0\r\n\r\n${ask('GET /next')}`);
    await heard(/<GET \/next>/);
  });

  it.each(['GET', 'POST'])('that nobody reads, of %s, is taken in, and the next request is served', async (method) => {
    holdTimers();
    listener.answerWith(echo);
    const { send, heard } = await client();
    const body = 'x'.repeat(5_000_000);
    send(ask(`${method} /unread`, `Content-Length: ${body.length}\r\n`, body.slice(1)));
    await heard(/\/unread>/);
    send(`x${ask('GET /next')}`);
    await heard(/<GET \/next>/);
    // Nothing is left that would end the connection later.
    vi.advanceTimersByTime(500);
    send(ask('GET /third'));
    await heard(/<GET \/third>/);
  });

  it('that nobody reads and that does not end costs the sender the connection, not the answer', async () => {
    holdTimers();
    listener.answerWith(echo);
    const { send, heard, ended } = await client();
    send(ask('POST /unread', 'Content-Length: 1000\r\n', 'x'));
    await heard(/<POST \/unread>/);
    await expect.poll(() => vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(500);
    expect(await ended).toContain('<POST /unread>');
  });

  it('that nobody reads takes no answer away from a request before it', async () => {
    holdTimers();
    const first = Promise.withResolvers<ApiAnswer>();
    const second = Promise.withResolvers<void>();
    listener.answerWith((request) => {
      if (request.path === '/first') return first.promise;
      second.resolve();
      return echo(request);
    });
    const { send, heard } = await client();
    send(ask('GET /first') + ask('POST /unread', 'Content-Length: 1000\r\n', 'x'));
    await second.promise;
    await new Promise(setImmediate);
    vi.advanceTimersByTime(500);
    first.resolve(says('<first>'));
    expect((await heard(/unread>/)).match(/<.*?>/g)).toEqual(['<first>', '<POST /unread>']);
  });

  it('that breaks off is told apart from one that is complete', async () => {
    listener.answerWith(echo);
    const { send, socket } = await client();
    send(post('/read', 'half of it').slice(0, -5));
    await expect.poll(() => bodies.length).toBe(1);
    socket.destroy();
    expect(await bodies[0]).toBe('broke off');
    expect(logged).toEqual([]);
  });

  it('that broke off before the API was there is told as well', async () => {
    const { send, socket } = await client();
    send(post('/read', 'half of it').slice(0, -5));
    const other = await client();
    socket.destroy();
    // Node itself refuses the other one, and has seen the end of the first by then.
    other.send('nonsense\r\n\r\n');
    expect(await other.ended).toMatch(/^HTTP\/1\.1 400/);
    listener.answerWith(echo);
    await expect.poll(() => bodies.length).toBe(1);
    expect(await bodies[0]).toBe('broke off');
  });
});

describe('what goes wrong', () => {
  it('with a client that does not wait for its answer, is nobody’s business', async () => {
    const answers = Promise.withResolvers<ApiAnswer>();
    const asked = Promise.withResolvers<void>();
    listener.answerWith((request) => {
      if (request.path !== '/slow') return echo(request);
      asked.resolve();
      return answers.promise;
    });
    const gone = await client();
    gone.send(ask('GET /slow'));
    await asked.promise;
    gone.socket.resetAndDestroy();
    const { send, heard } = await client();
    send(ask('GET /1'));
    await heard(/<GET \/1>/);
    answers.resolve(says('<slow>'));
    send(ask('GET /2'));
    await heard(/<GET \/2>/);
    expect(logged).toEqual([]);
  });

  it('with an answer that cannot be sent, ends that connection, is logged, and no more', async () => {
    listener.answerWith(async (request) => (request.path === '/bad' ? says('', { 'x-a': 'b\nc' }) : echo(request)));
    const bad = await client();
    bad.send(ask('GET /bad'));
    expect(await bad.ended).toBe('');
    expect(logged).toEqual([expect.stringContaining('a request could not be answered: TypeError')]);
    const { send, heard } = await client();
    send(ask('GET /next'));
    await heard(/<GET \/next>/);
  });
});
