import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../lib/announce/delivery.ts';
import { slackCardOf } from '../../lib/announce/slack.ts';
import { type SlackAttempt, sendSlack, slackUrl } from '../../lib/announce/slack-webhook.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import type { Dispatchers } from '../../lib/transports/dispatchers.ts';
import { answer, type FaultServer, type Respond, startFaultServer } from '../support/fault-server.ts';
import { waysOut } from '../transports/transport-world.ts';
import { anEvent, someEvents } from './some-events.ts';

const now_ms = Date.parse('2026-11-21T09:03:13.000Z');
const event = anEvent();
const failed = (error: string) => ({ outcome: 'failed', gone: false, error, retry_after_seconds: null });

describe.each(waysOut)('sendSlack over %s', (_way, openDispatchers) => {
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
  const send = (more: Partial<SlackAttempt> = {}): Promise<Delivery> =>
    sendSlack({
      target: { allow_http: true, allow_private_network: true },
      event,
      now_ms,
      secret: `${server.origin}/services/T0/B0/SECRET`,
      dispatchers,
      ...more,
    });

  test.each(Object.entries(someEvents))('posts the card of a job that is %s', async (_, told) => {
    respond = () => answer(200, 'ok');
    expect(await send({ event: told })).toEqual({ outcome: 'delivered' });
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method: 'POST', path: '/services/T0/B0/SECRET' });
    expect(seen?.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(seen?.body ?? '')).toEqual(slackCardOf(told));
  });

  test('posts once, on a connection of its own: people would read twice what comes twice', async () => {
    respond = (_, socket) => {
      socket.destroy();
      return undefined;
    };
    expect(await send()).toEqual(failed('connection_reset'));
    expect(server.seen.map(({ headers }) => headers['connection'])).toEqual(['close']);
  });

  test.each([
    [404, 'no_service'],
    [410, 'channel_is_archived'],
  ])('fails for good with a %i', async (status, body) => {
    respond = () => answer(status, body);
    expect(await send()).toEqual({ ...failed(`http_${status}`), gone: true });
  });

  test.each([400, 403, 500, 302])('fails with a %i, and repeats nothing of the answer', async (status) => {
    respond = () => answer(status, 'SECRET', { location: '/else' });
    expect(await send()).toEqual(failed(`http_${status}`));
    expect(server.seen).toHaveLength(1);
  });

  test('fails with a 429 that says when to come back', async () => {
    respond = () => answer(429, '', { 'retry-after': '30' });
    expect(await send()).toEqual({ ...failed('http_429'), retry_after_seconds: 30 });
  });

  test('fails with timeout when the other side hangs', async () => {
    respond = () => undefined;
    expect(await send({ limit_ms: 200 })).toEqual(failed('timeout'));
  });

  test.each([
    { allow_http: false, allow_private_network: true },
    { allow_http: true, allow_private_network: false },
  ])('fails with not_allowed, and sends nothing, for what is not allowed: %o', async (target) => {
    expect(await send({ target })).toEqual(failed('not_allowed'));
    expect(server.connections().accepted).toBe(0);
  });

  test('fails with not_allowed, and sends nothing, for a name that resolves to loopback', async () => {
    const guarded = openDispatchers({ resolve: async () => ['127.0.0.1'] });
    const secret = `http://hooks.example:${server.port}/SECRET`;
    const target = { allow_http: true, allow_private_network: false };
    expect(await send({ target, secret, dispatchers: guarded })).toEqual(failed('not_allowed'));
    await guarded.close();
    expect(server.connections().accepted).toBe(0);
  });

  test('fails, and sends nothing, when the secret is no URL', async () => {
    expect(await send({ secret: 'SECRET' })).toEqual(failed('secret_unusable'));
  });
});

describe('slackUrl', () => {
  test('reads what Slack issues, with a line end', () => {
    expect(slackUrl('https://hooks.slack.com/services/T0/B0/x\n').href).toBe(
      'https://hooks.slack.com/services/T0/B0/x',
    );
  });
  test.each(['', 'SECRET', 'ftp://hooks.slack.com/SECRET', 'https://me:SECRET@hooks.slack.com/'])(
    'rejects %j without repeating it',
    (text) => {
      expect(() => slackUrl(text)).toThrow(ConfigError);
      expect(() => slackUrl(text)).not.toThrow(/SECRET/);
    },
  );
});
