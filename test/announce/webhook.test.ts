import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Delivery, sendWebhook, signEvent, type WebhookAttempt } from '../../lib/announce/webhook.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import type { JobEvent } from '../../lib/ports.ts';
import type { Dispatchers } from '../../lib/transports/dispatchers.ts';
import { answer, type FaultServer, type Respond, startFaultServer } from '../support/fault-server.ts';
import { waysOut } from '../transports/transport-world.ts';

const secret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const now_ms = 1_795_212_000_000;
// The shape of the published test vector, whose data is smaller than a whole descriptor.
const event = {
  event_id: 'evt_01k9z7m3q8',
  type: 'job.completed',
  timestamp: '2026-11-21T09:20:00Z',
  data: { job_id: 'job_01k9z7m3q8', status: 'complete', terminal: true },
} as unknown as JobEvent;

describe('signEvent', () => {
  test('gives the signature of the test vector', () => {
    const { body, headers } = signEvent(event, secret, now_ms);
    expect(body).toBe(
      '{"type":"job.completed","timestamp":"2026-11-21T09:20:00Z","data":{"job_id":"job_01k9z7m3q8","status":"complete","terminal":true}}',
    );
    expect(headers).toMatchObject({
      'webhook-id': 'evt_01k9z7m3q8',
      'webhook-timestamp': '1795212000',
      'webhook-signature': 'v1,uCAPZ7E2hzb8tagM7uqope07BkzKFvYZLYAZd+SeOcM=',
    });
  });

  test('takes a secret without prefix as it stands', () => {
    const raw = signEvent(event, '0123456789abcdef0123456789abcdef', now_ms);
    expect(raw.headers['webhook-signature']).toBe('v1,uCAPZ7E2hzb8tagM7uqope07BkzKFvYZLYAZd+SeOcM=');
    expect(signEvent(event, 'schlüssel', now_ms).headers['webhook-signature']).toMatch(/^v1,/);
  });

  test.each(['whsec_not base64!', 'whsec_', 'whsec_====', 'whsec_QUJD\n', ''])(
    'rejects the secret %j without repeating it',
    (broken) => {
      expect(() => signEvent(event, broken, now_ms)).toThrow(ConfigError);
    },
  );
});

test('signs with any secret as the library of the standard does', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(bytes, fc.string({ minLength: 1, unit: 'binary' }), fc.json(), (key, raw, body) => {
      const some = { ...event, data: JSON.parse(body) };
      const base64 = `whsec_${Buffer.from(key).toString('base64')}`;
      const text = raw.startsWith('whsec_') ? `x${raw}` : raw;
      for (const [given, library] of [
        [base64, new Webhook(base64)],
        [text, new Webhook(new TextEncoder().encode(text), { format: 'raw' })],
      ] as const) {
        const { body: sent, headers } = signEvent(some, given, now_ms);
        expect(headers['webhook-signature']).toBe(library.sign(event.event_id, new Date(now_ms), sent));
      }
    }),
  );
});

describe.each(waysOut)('sendWebhook over %s', (_way, openDispatchers) => {
  let server: FaultServer;
  let dispatchers: Dispatchers;
  let respond: Respond;
  beforeEach(async () => {
    server = await startFaultServer((request, socket) => respond(request, socket));
    dispatchers = openDispatchers();
  });
  afterEach(async () => {
    await Promise.all([dispatchers.close(), server.close()]);
  });
  const send = (more: Partial<WebhookAttempt> = {}): Promise<Delivery> =>
    sendWebhook({
      target: { url: `${server.origin}/hook?k=1`, allow_http: true, allow_private_network: true },
      event,
      now_ms,
      secret,
      dispatchers,
      ...more,
    });
  const failed = { outcome: 'failed', gone: false, retry_after_seconds: null };
  /** Of the event loop: an answer is heard at its head, and its connection is free a moment later. */
  const someTurns = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  };

  test.each([200, 202, 204, 299])('is delivered by a %i', async (status) => {
    respond = () => answer(status);
    expect(await send()).toEqual({ outcome: 'delivered' });
  });

  test('sends the bytes it signed', async () => {
    respond = () => answer(200);
    const data = { job_id: 'job_1', message: 'größer € 😀' };
    await send({ event: { ...event, data } as unknown as JobEvent, now_ms: Date.now() });
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method: 'POST', path: '/hook?k=1' });
    expect(seen?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'untildone' });
    expect(new Webhook(secret).verify(seen?.body ?? '', seen?.headers ?? {})).toMatchObject({ data });
  });

  test.each([
    [400, 'http_400'],
    [404, 'http_404'],
    [500, 'http_500'],
    [302, 'http_302'],
  ])('fails with a %i', async (status, error) => {
    respond = () => answer(status, 'x', { location: '/else' });
    expect(await send()).toEqual({ ...failed, error });
    expect(server.seen).toHaveLength(1);
  });

  test('fails for good with a 410', async () => {
    respond = () => answer(410);
    expect(await send()).toEqual({ ...failed, gone: true, error: 'http_410' });
  });

  test.each([
    [429, '120', 120],
    [503, new Date(now_ms + 60_000).toUTCString(), 60],
  ])('fails with a %i that says when to come back', async (status, retryAfter, retry_after_seconds) => {
    respond = () => answer(status, '', { 'retry-after': retryAfter });
    expect(await send()).toEqual({ ...failed, error: `http_${status}`, retry_after_seconds });
  });

  test('is delivered by the head of a 2xx, however the body goes on, and the connection is closed', async () => {
    respond = (_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const pour = () => {
        while (!socket.destroyed && socket.write('x'.repeat(16_384)));
      };
      socket.on('drain', pour);
      pour();
      return undefined;
    };
    expect(await send()).toEqual({ outcome: 'delivered' });
    await expect.poll(() => server.connections().open).toBe(0);
  });

  test('tells one receiver over one connection, again and again', async () => {
    respond = () => answer(200);
    for (let i = 0; i < 3; i++) {
      expect(await send()).toEqual({ outcome: 'delivered' });
      await someTurns();
    }
    expect(server.seen.map(({ connection }) => connection)).toEqual([1, 1, 1]);
  });

  test('tells it once more, on a connection of its own, when the kept one closes just then', async () => {
    respond = ({ connection }, socket) => {
      if (connection === 2 || server.seen.length === 1) return answer(200);
      socket.destroy();
      return undefined;
    };
    expect(await send()).toEqual({ outcome: 'delivered' });
    await someTurns();
    expect(await send()).toEqual({ outcome: 'delivered' });
    expect(server.seen.map(({ connection }) => connection)).toEqual([1, 1, 2]);
    expect(new Set(server.seen.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(server.seen[2]?.body).toBe(server.seen[1]?.body);
    await expect.poll(() => server.connections().open).toBe(0);
  });

  test('fails with connection_reset when that closes as well', async () => {
    respond = (_, socket) => {
      socket.destroy();
      return undefined;
    };
    expect(await send()).toEqual({ ...failed, error: 'connection_reset' });
    expect(server.seen).toHaveLength(2);
  });

  test('fails with timeout when the other side hangs', async () => {
    respond = () => undefined;
    expect(await send({ limit_ms: 200 })).toEqual({ ...failed, error: 'timeout' });
  });

  test('fails with connection_refused when nobody listens', async () => {
    const url = `${server.origin}/hook`;
    await server.close();
    expect(await send({ target: { url, allow_http: true, allow_private_network: true } })).toEqual({
      ...failed,
      error: 'connection_refused',
    });
  });

  test('fails with not_allowed, and sends nothing, for plain http or a private address that is not allowed', async () => {
    respond = () => answer(200);
    const url = `${server.origin}/hook`;
    expect(await send({ target: { url, allow_http: false, allow_private_network: true } })).toEqual({
      ...failed,
      error: 'not_allowed',
    });
    expect(await send({ target: { url, allow_http: true, allow_private_network: false } })).toEqual({
      ...failed,
      error: 'not_allowed',
    });
    expect(server.connections().accepted).toBe(0);
  });

  test('fails with not_allowed, and sends nothing, for a name that resolves to loopback', async () => {
    const guarded = openDispatchers({ resolve: async () => ['127.0.0.1'] });
    const target = { url: `http://hooks.example:${server.port}/`, allow_http: true, allow_private_network: false };
    expect(await send({ target, dispatchers: guarded })).toEqual({ ...failed, error: 'not_allowed' });
    await guarded.close();
    expect(server.connections().accepted).toBe(0);
  });

  test('fails, and sends nothing, when the secret cannot sign', async () => {
    respond = () => answer(200);
    expect(await send({ secret: 'whsec_!' })).toEqual({ ...failed, error: 'secret_unusable' });
    expect(server.connections().accepted).toBe(0);
  });
});
