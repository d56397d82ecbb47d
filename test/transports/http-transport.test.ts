import { createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { Auth } from '../../lib/core/auth.ts';
import type { Connection } from '../../lib/core/configuration.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import { createHttpTransport } from '../../lib/transports/http-transport.ts';
import type { OpenRateBudget } from '../../lib/transports/rate-budget.ts';
import { answer, type Respond } from '../support/fault-server.ts';
import { start_ms, type TransportWorld, transportWorld, waysOut } from './transport-world.ts';

describe.each(waysOut)('over %s', (_way, openDispatchers) => {
  const open: TransportWorld[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((world) => world.close()));
  });
  const worldOf = async (...given: Parameters<typeof transportWorld>): Promise<TransportWorld> => {
    const [respond, options] = given;
    const world = await transportWorld(respond, { openDispatchers, ...options });
    open.push(world);
    return world;
  };
  const bearer: Auth = { type: 'bearer', token: 'env:T' };
  const json = (value: unknown, headers: Record<string, string> = {}) => answer(200, JSON.stringify(value), headers);

  describe('a call', () => {
    test('goes to the path below the connection, with its headers, query and body', async () => {
      const { call, server } = await worldOf(() => json({ id: 1 }), { connection: { auth: bearer } });
      const got = await call({
        method: 'POST',
        url: '/runs',
        query: { a: 'b c' },
        headers: { 'X-Run': 'yes', Accept: 'text/json' },
        body: { name: 'ü' },
      });
      expect(got).toEqual({
        answered: true,
        http_status: 200,
        body: { id: 1 },
        unparseable: null,
        links: {},
        retry_after_seconds: null,
        rate_limited: false,
      });
      const [seen] = server.seen;
      expect(seen).toMatchObject({ method: 'POST', path: '/api/runs?a=b%20c', body: '{"name":"ü"}' });
      expect(seen?.headers).toEqual({
        host: `127.0.0.1:${server.port}`,
        connection: 'close',
        accept: 'text/json',
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        'content-length': '13',
        'user-agent': 'untildone',
        'x-run': 'yes',
        authorization: 'Bearer top-secret-token',
      });
    });

    test('keeps connections for GETs and takes a fresh one for what must not be repeated', async () => {
      const { call, server } = await worldOf(() => json(1));
      const connections: number[] = [];
      for (const method of ['GET', 'GET', 'POST', 'DELETE', 'GET'] as const) {
        await call({ method, url: '/x' });
        connections.push(server.seen.at(-1)?.connection ?? 0);
        // The client frees a kept connection one turn after its answer.
        await turn();
        await turn();
      }
      expect(connections).toEqual([1, 1, 2, 3, 1]);
    });

    test.each([200, 202, 204, 400, 404, 409, 418, 500, 502, 503])('returns a %i as an answer', async (status) => {
      const { call } = await worldOf(() => answer(status, status === 204 ? '' : '{"state":"X"}'));
      expect(await call('/x')).toMatchObject({ answered: true, http_status: status, rate_limited: false });
    });

    test.each<[string, string, unknown, string | null]>([
      ['JSON of any content type', answer(200, '{"a":1}', { 'content-type': 'text/html' }), { a: 1 }, null],
      ['JSON behind a byte order mark', answer(200, '\uFEFF{"a":1}'), { a: 1 }, null],
      ['a bare null', answer(200, 'null'), null, null],
      ['an empty body', answer(200, ''), undefined, null],
      ['a blank body', answer(200, ' \n'), undefined, null],
      [
        'JSON that claims to be compressed',
        answer(200, '{"a":1}', { 'content-encoding': 'br' }),
        undefined,
        'unparseable',
      ],
      [
        'JSON that says it is not compressed',
        answer(200, '{"a":1}', { 'content-encoding': 'Identity' }),
        { a: 1 },
        null,
      ],
      ['HTML', answer(200, '<html>Down</html>', { 'content-type': 'application/json' }), undefined, 'unparseable'],
      ['cut JSON', answer(200, '{"a":'), undefined, 'unparseable'],
      ['5,000 levels of JSON', answer(200, '['.repeat(5000) + ']'.repeat(5000)), undefined, 'too_deep'],
      [
        'JSON nested up to the size limit',
        answer(200, '['.repeat(131_072) + ']'.repeat(131_072)),
        undefined,
        'too_deep',
      ],
      [
        'a body in chunks',
        `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n`,
        { a: 1 },
        null,
      ],
      [
        'an informational answer first',
        `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${answer(200, '{"a":1}')}`,
        { a: 1 },
        null,
      ],
    ])('reads %s', async (_, reply, body, unparseable) => {
      const { call } = await worldOf(() => reply);
      expect(await call('/x')).toMatchObject({ answered: true, http_status: 200, body, unparseable });
    });

    test('reads a compressed answer as unparseable: it asked for none', async () => {
      const { call } = await worldOf((_, socket) => {
        const body = gzipSync('{"a":1}');
        socket.write(answer(200, '', { 'content-length': String(body.length), 'content-encoding': 'gzip' }));
        socket.write(body);
        return undefined;
      });
      expect(await call('/x')).toMatchObject({ answered: true, body: undefined, unparseable: 'unparseable' });
    });

    test('keeps __proto__ keys as plain keys', async () => {
      const { call } = await worldOf(() =>
        answer(200, '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
      );
      const got = await call('/x');
      const body = got.answered ? got.body : undefined;
      expect(Object.getPrototypeOf(body)).toBeNull();
      expect(Object.keys(body as object)).toEqual(['__proto__', 'constructor']);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });

    test('resolves links against the URL it asked', async () => {
      const headers = {
        location: 'runs/1',
        'operation-location': 'https://else.example/op',
        'azure-asyncoperation': 'javascript:alert(1)',
      };
      const { call, server } = await worldOf(() => answer(202, '', headers));
      expect(await call('/x/y')).toMatchObject({
        links: { location: `${server.origin}/api/x/runs/1`, 'operation-location': 'https://else.example/op' },
      });
    });
  });

  describe('a fault', () => {
    const fault = { answered: false, postponed: false, retry_after_seconds: null };
    const drip =
      (text: string): Respond =>
      (_, socket) => {
        const timer = setInterval(() => socket.write(text), 5);
        socket.on('close', () => clearInterval(timer));
        return undefined;
      };

    test('is a timeout when the other side hangs, and the connection is given up', async () => {
      const { call, server } = await worldOf(() => undefined, { limits: { call_ms: 200 } });
      expect(await call('/x')).toMatchObject({ ...fault, type: 'timeout', sent: true });
      await expect.poll(() => server.connections().open).toBe(0);
    });

    test('is a timeout when the caller has less time than the transport', async () => {
      const { call } = await worldOf(() => undefined);
      expect(await call('/x', { budget_ms: 200 })).toMatchObject({ ...fault, type: 'timeout', sent: true });
      expect(await call('/x', { budget_ms: 0 })).toMatchObject({ ...fault, type: 'timeout', sent: false });
    });

    test('is a timeout when the body drips on and on', async () => {
      const { call, server } = await worldOf(
        (request, socket) => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
          return drip(' ')(request, socket);
        },
        { limits: { call_ms: 200 } },
      );
      expect(await call('/x')).toMatchObject({ ...fault, type: 'timeout', sent: true });
      await expect.poll(() => server.connections().open).toBe(0);
    });

    test('is a timeout when the head drips on and on', async () => {
      const { call } = await worldOf(drip('x'), { limits: { call_ms: 200 } });
      expect(await call('/x')).toMatchObject({ answered: false, sent: true });
    });

    test('is too_large when the body never ends, and the connection is cut', async () => {
      const { call, server } = await worldOf((_, socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const pour = () => {
          while (!socket.destroyed && socket.write('x'.repeat(16_384)));
        };
        socket.on('drain', pour);
        pour();
        return undefined;
      });
      expect(await call('/x')).toMatchObject({ ...fault, type: 'too_large', sent: true });
      await expect.poll(() => server.connections().open).toBe(0);
    });

    test('is too_large when a larger body is announced, without reading it', async () => {
      const { call } = await worldOf(() => 'HTTP/1.1 200 OK\r\ncontent-length: 262145\r\n\r\n');
      expect(await call('/x')).toMatchObject({ ...fault, type: 'too_large', sent: true });
    });

    test('is none for a body of exactly the limit', async () => {
      const { call } = await worldOf(() => answer(200, JSON.stringify('x'.repeat(262_142))));
      expect(await call('/x')).toMatchObject({ answered: true, unparseable: null });
    });

    test.each<[string, string]>([
      ['before an answer', ''],
      ['within the head', 'HTTP/1.1 200 OK\r\ncontent-'],
      ['within a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"state":"FINISHED"}'],
      [
        'within a body in chunks',
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n14\r\n{"state":"FINISHED"}\r\n',
      ],
    ])('is connection_reset when the connection is closed %s', async (_, text) => {
      const { call } = await worldOf((__, socket) => {
        socket.end(text);
        return undefined;
      });
      expect(await call('/x')).toMatchObject({ ...fault, type: 'connection_reset', sent: true });
    });

    test('is connection_reset when the connection is reset', async () => {
      const { call } = await worldOf((_, socket) => {
        socket.resetAndDestroy();
        return undefined;
      });
      expect(await call({ method: 'POST', url: '/x' })).toMatchObject({
        ...fault,
        type: 'connection_reset',
        sent: true,
      });
    });

    test('is unparseable when the other side does not speak HTTP', async () => {
      const { call } = await worldOf(() => 'SSH-2.0-OpenSSH_9.9\r\n\r\n');
      expect(await call('/x')).toMatchObject({ ...fault, type: 'unparseable', sent: true });
    });

    test('is too_large when the head is', async () => {
      const { call } = await worldOf(() => answer(200, '', { 'x-long': 'x'.repeat(100_000) }));
      expect(await call('/x')).toMatchObject({ ...fault, type: 'too_large', sent: true });
    });

    test('is connection_refused, and nothing was sent, when nobody listens', async () => {
      const world = await worldOf(() => json(1));
      await world.server.close();
      expect(await world.call('/x')).toMatchObject({ ...fault, type: 'connection_refused', sent: false });
    });

    test('is dns, and nothing was sent, when the name does not resolve', async () => {
      const { call } = await worldOf(() => json(1), {
        connection: { url: 'http://nowhere.example/' },
        resolve: async () => {
          throw new Error('ENOTFOUND');
        },
      });
      expect(await call('/x')).toMatchObject({ ...fault, type: 'dns', sent: false });
    });

    test.each<[string, string]>([
      ['answers in plain text', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
      ['closes the connection', ''],
    ])('is tls, and nothing was sent, when the other side %s during the handshake', async (_, text) => {
      const server = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end(text)));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const transport = createHttpTransport({
        connections: new Map([
          [
            'ci',
            {
              transport: 'http',
              url: `https://127.0.0.1:${port}/`,
              auth: { type: 'none' },
              allow_http: false,
              allow_private_network: true,
            } satisfies Connection,
          ],
        ]),
        secrets: { resolve: async () => '' },
        clock: { now: () => start_ms },
        openDispatchers,
      });
      const got = await transport.call({
        connection: 'ci',
        call: { url: '/x' },
        budget_ms: 2_000,
        redirects_as_answers: [],
      });
      await Promise.all([transport.close(), new Promise((resolve) => server.close(resolve))]);
      expect(got).toMatchObject({ ...fault, type: 'tls', sent: false });
    });

    test('is not_allowed for a connection nobody configured', async () => {
      const { call } = await worldOf(() => json(1));
      expect(await call('/x', { connection: 'toString' })).toMatchObject({
        ...fault,
        type: 'not_allowed',
        sent: false,
      });
    });

    test('is connection_refused once the transport is closed', async () => {
      const world = await worldOf(() => json(1));
      open.length = 0;
      await world.call('/x');
      await world.close();
      expect(await world.call('/x')).toMatchObject({ ...fault, type: 'connection_refused', sent: false });
    });
  });

  describe('rate limits', () => {
    test.each<[string, number, Record<string, string>, number]>([
      ['a 429 in seconds', 429, { 'retry-after': '30' }, 30],
      ['a 429 with a date', 429, { 'retry-after': new Date(start_ms + 45_000).toUTCString() }, 45],
      ['a 403 with Retry-After', 403, { 'retry-after': '20' }, 20],
      [
        'a 403 with a spent budget',
        403,
        { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(start_ms / 1000 + 60) },
        60,
      ],
    ])('postpone every call of the connection after %s', async (_, status, headers, seconds) => {
      const world = await worldOf(() => answer(world.server.seen.length === 1 ? status : 200, '1', headers));
      expect(await world.call('/x')).toMatchObject({
        answered: true,
        http_status: status,
        rate_limited: true,
        retry_after_seconds: seconds,
      });
      const postponed = {
        answered: false,
        type: 'rate_limited',
        sent: false,
        postponed: true,
        retry_after_seconds: seconds,
      };
      expect(await world.call('/y')).toMatchObject(postponed);
      expect(await world.call({ method: 'POST', url: '/stop' })).toMatchObject({
        type: 'rate_limited',
        postponed: true,
      });
      expect(world.server.seen).toHaveLength(1);
      world.clock.now_ms += seconds * 1000;
      expect(await world.call('/y')).toMatchObject({ answered: true, http_status: 200 });
    });

    test('cool down for 5 s when the answer does not say how long, and for an hour at most', async () => {
      let retry: Record<string, string> = {};
      const world = await worldOf(() => answer(429, '', retry));
      await world.call('/x');
      expect(await world.call('/x')).toMatchObject({ postponed: true, retry_after_seconds: 5 });
      world.clock.now_ms += 5_000;
      retry = { 'retry-after': '500000' };
      expect(await world.call('/x')).toMatchObject({ retry_after_seconds: 500_000 });
      world.clock.now_ms += 3_600_000;
      expect(await world.call('/x')).toMatchObject({ answered: true });
    });

    test('hold the budget of the connection for GETs and POSTs alike', async () => {
      const world = await worldOf(() => json(1), { connection: { rate_per_minute: 60 } });
      expect(await world.call('/x')).toMatchObject({ answered: true });
      expect(await world.call({ method: 'POST', url: '/x' })).toMatchObject({
        postponed: true,
        retry_after_seconds: 1,
      });
      world.clock.now_ms += 1_000;
      expect(await world.call({ method: 'POST', url: '/x' })).toMatchObject({ answered: true });
    });

    test('ask a budget that is shared with others, and tell it of a cool-down before they answer', async () => {
      const waits = [0, 2.5];
      const told: unknown[] = [];
      const openRateBudget: OpenRateBudget = (connection, rate_per_minute) => ({
        take: async () => waits.shift() ?? 0,
        coolDown: async (until_ms) => {
          await new Promise(setImmediate);
          told.push([connection, rate_per_minute, until_ms - start_ms]);
        },
      });
      const limited = () => answer(429, '', { 'retry-after': '7' });
      const world = await worldOf(limited, { connection: { rate_per_minute: 60 }, openRateBudget });
      expect(await world.call('/x')).toMatchObject({ answered: true, http_status: 429 });
      expect(told).toEqual([['ci', 60, 7_000]]);
      expect(await world.call('/x')).toMatchObject({ postponed: true, retry_after_seconds: 2.5 });
      expect(world.server.seen).toHaveLength(1);
    });

    test('share no budget without a rate', async () => {
      const openRateBudget: OpenRateBudget = () => {
        throw new Error('nobody needs it');
      };
      const world = await worldOf(() => json(1), { openRateBudget });
      expect(await world.call('/x')).toMatchObject({ answered: true });
    });
  });

  describe('credentials', () => {
    const guarded =
      (token: string): Respond =>
      (request) =>
        request.headers['authorization'] === `Bearer ${token}` ? json({ ok: true }) : answer(401, '{}');

    test('are refreshed once after a 401, and the call repeated', async () => {
      const { call, server } = await worldOf(guarded('token-two'), {
        connection: { auth: bearer },
        secrets: ['token-one', 'token-two'],
      });
      expect(await call({ method: 'POST', url: '/x' })).toMatchObject({ http_status: 200 });
      expect(await call('/x')).toMatchObject({ http_status: 200 });
      expect(server.seen).toHaveLength(3);
    });

    test('that do not change let only a GET be repeated after a 401', async () => {
      const { call, server } = await worldOf(guarded('other'), { connection: { auth: bearer } });
      expect(await call({ method: 'POST', url: '/x' })).toMatchObject({ answered: true, http_status: 401 });
      expect(server.seen).toHaveLength(1);
      expect(await call('/x')).toMatchObject({ answered: true, http_status: 401 });
      expect(server.seen).toHaveLength(3);
    });

    test('that change let no POST be repeated after a 403: it may have been carried out', async () => {
      const { call, server } = await worldOf(() => answer(403, '{}'), {
        connection: { auth: bearer },
        secrets: ['token-one', 'token-two', 'token-three'],
      });
      expect(await call({ method: 'POST', url: '/x' })).toMatchObject({ http_status: 403 });
      expect(server.seen).toHaveLength(1);
      expect(await call('/x')).toMatchObject({ http_status: 403 });
      expect(server.seen).toHaveLength(3);
    });

    test('are not refreshed for a rate limit, nor where there are none', async () => {
      const limited = await worldOf(() => answer(403, '', { 'retry-after': '1' }), { connection: { auth: bearer } });
      await limited.call('/x');
      expect([limited.server.seen.length, limited.secretReads()]).toEqual([1, 1]);
      const none = await worldOf(() => answer(401));
      await none.call('/x');
      expect(none.server.seen).toHaveLength(1);
    });

    test('fails with auth_failed, and sends nothing, when there is no usable secret', async () => {
      const { call, server } = await worldOf(() => json(1), { connection: { auth: bearer }, secrets: ['two\nlines'] });
      const got = await call('/x');
      expect(got).toMatchObject({ answered: false, type: 'auth_failed', sent: false });
      expect(JSON.stringify(got)).not.toContain('lines"');
      expect(server.seen).toHaveLength(0);
    });

    test.each<[string, (secret: string) => string]>([
      ['in a string', (secret) => `{"you sent":"Bearer ${secret}"}`],
      ['in a key', (secret) => `{"${secret}":1}`],
      [
        'behind unicode escapes',
        (secret) => `{"x":"${[...secret].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')}"}`,
      ],
      ['deep inside', (secret) => `[[{"x":["${secret}${secret}"]}]]`],
    ])('are redacted when the remote side echoes them %s', async (_, body) => {
      const { call } = await worldOf(
        () => answer(500, body('top-secret-token'), { location: '/next?token=top-secret-token' }),
        { connection: { auth: bearer } },
      );
      const got = await call('/x');
      expect(got).toMatchObject({ answered: true, http_status: 500 });
      expect(JSON.stringify(got)).not.toContain('top-secret');
      expect(JSON.stringify(got)).toContain('[redacted]');
    });

    test('are redacted when they are a number', async () => {
      const { call } = await worldOf(() => json({ token: 1234567890 }), {
        connection: { auth: bearer },
        secrets: ['1234567890'],
      });
      expect(await call('/x')).toMatchObject({ body: { token: '[redacted]' } });
    });

    test('are redacted in base64 for basic auth', async () => {
      const auth: Auth = { type: 'basic', username: 'ann', password: 'env:P' };
      const { call } = await worldOf((request) => json({ got: request.headers['authorization'] }), {
        connection: { auth },
      });
      expect(await call('/x')).toMatchObject({ body: { got: 'Basic [redacted]' } });
    });
  });

  describe('headers', () => {
    test.each<[string, Record<string, string>]>([
      ['a line break in a value', { 'x-run': 'a\r\nhost: evil' }],
      ['a line feed in a value', { 'x-run': 'a\nb' }],
      ['a null in a value', { 'x-run': 'a\0b' }],
      ['a character beyond ASCII in a value', { 'x-run': 'é' }],
      ['a line break in a name', { 'x\r\nhost': 'evil' }],
      ['an authorization of its own', { Authorization: 'Bearer other' }],
      ['a host', { Host: 'evil.example' }],
      ['a framing header', { 'Transfer-Encoding': 'chunked' }],
      ['an encoding', { 'Accept-Encoding': 'gzip' }],
      ["the connection's own key", { 'X-API-KEY': 'other' }],
    ])('rejects %s, and sends nothing', async (_, headers) => {
      const { call, server } = await worldOf(() => json(1), {
        connection: { auth: { type: 'api-key', header: 'x-api-key', value: 'env:K' } },
      });
      expect(await call({ url: '/x', headers })).toMatchObject({ answered: false, type: 'not_allowed', sent: false });
      expect(server.connections().accepted).toBe(0);
    });
  });

  describe('redirects', () => {
    const hop = (to: string, status = 302) => answer(status, '', { location: to });

    test('are followed within the same scheme, host and port, three times', async () => {
      const { call, server } = await worldOf((request) => {
        const n = Number(request.path.slice(-1));
        return n < 3 ? hop(`/hop/${n + 1}`, 307) : json({ n }, { location: 'rel' });
      });
      expect(await call('/0')).toMatchObject({
        http_status: 200,
        body: { n: 3 },
        links: { location: `${server.origin}/hop/rel` },
      });
      expect(server.seen.map(({ path }) => path)).toEqual(['/api/0', '/hop/1', '/hop/2', '/hop/3']);
    });

    test('fails with a fault that may pass after three', async () => {
      const { call, server } = await worldOf(() => hop('/again'));
      expect(await call('/0')).toMatchObject({ answered: false, type: 'refused', sent: true });
      expect(server.seen).toHaveLength(4);
    });

    test.each([
      'http://169.254.169.254/latest/meta-data/',
      'http://127.0.0.1:1/other-port',
      'https://127.0.0.1/other-scheme',
      'http://localhost/other-host',
      '//evil.example/x',
      '/\\evil.example/x',
      'file:///etc/passwd',
      'http://[',
    ])('fails with redirected, and without going there, when it leads to %s', async (location) => {
      const { call, server } = await worldOf(() => hop(location), {
        connection: { allow_hosts: ['127.0.0.1', 'localhost', '169.254.169.254', 'evil.example'] },
      });
      expect(await call('/0')).toMatchObject({ answered: false, type: 'redirected', sent: true });
      expect(server.seen).toHaveLength(1);
    });

    test('fails with not_allowed inside, when it leads to the same host with credentials in the URL', async () => {
      const world = await worldOf(() => hop(`http://ann:pw@127.0.0.1:${world.server.port}/x`));
      expect(await world.call('/0')).toMatchObject({ answered: false, type: 'redirected', sent: true });
      expect(world.server.seen).toHaveLength(1);
    });

    test('are returned as the answer for a POST, and when they are not to be followed', async () => {
      const { call, server } = await worldOf(() => hop('/done', 303));
      const seen = { answered: true, http_status: 303, links: { location: `${server.origin}/done` } };
      expect(await call({ method: 'POST', url: '/0' })).toMatchObject(seen);
      expect(await call('/0', { redirects_as_answers: [303] })).toMatchObject(seen);
      expect(await call('/0', { redirects_as_answers: [302] })).toMatchObject({ answered: false, type: 'refused' });
      expect(server.seen).toHaveLength(6);
    });
  });

  test('fails at once for an allow_hosts entry that is no host', async () => {
    await expect(worldOf(() => json(1), { connection: { allow_hosts: ['https://h.example'] } })).rejects.toThrow(
      ConfigError,
    );
  });
});
