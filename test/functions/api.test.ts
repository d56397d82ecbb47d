import { describe, expect, it } from 'vitest';
import { createCancelHandler } from '../../functions/cancel/handler.ts';
import { createMcpHandler } from '../../functions/mcp/handler.ts';
import { type ApiEvent, outOfReach } from '../../functions/shared/api-handler.ts';
import { createStartHandler } from '../../functions/start/handler.ts';
import { createStatusHandler, heldFor } from '../../functions/status/handler.ts';
import type { Ports } from '../../lib/ports.ts';
import { adoptBody, world } from '../support/world.ts';
import { hearing } from './hearing.ts';

type Caller = { accountId: string; userArn: string };
const ci: Caller = { accountId: '123456789012', userArn: 'arn:aws:sts::123456789012:assumed-role/ci/run-1' };

/** A request as an HTTP API brings it, payload 2.0. */
function request(
  method: string,
  path: string,
  { body, caller = ci }: { body?: unknown; caller?: Caller } = {},
): ApiEvent {
  const [rawPath = '', rawQueryString = ''] = path.split('?');
  const domainName = 'abc.execute-api.eu-west-1.amazonaws.com';
  const event = {
    version: '2.0',
    routeKey: `${method} ${rawPath}`,
    rawPath,
    rawQueryString,
    headers: { host: domainName, 'content-type': 'application/json' },
    requestContext: { domainName, http: { method, path: rawPath }, authorizer: { iam: caller } },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    isBase64Encoded: false,
  };
  return event;
}

function functions(given = world()) {
  const { log, lines } = hearing();
  const plug = { settings: given.settings, version: '1.2.3', log, auth: 'iam', owner_claim: undefined } as const;
  return {
    world: given,
    lines,
    start: createStartHandler(given.ports, { ...plug, doctor: async () => [{ name: 'a', ok: true, message: 'b' }] }),
    status: createStatusHandler(given.ports, { ...plug, long_poll_seconds: 2 }),
    cancel: createCancelHandler(given.ports, plug),
    mcp: createMcpHandler(given.ports, { ...plug, long_poll_seconds: 2 }),
  };
}
const read = ({ body }: { body: string }): Record<string, unknown> => JSON.parse(body);

describe('the API as functions', () => {
  it('starts, reads and cancels a job of one role, whatever its session', async () => {
    const { start, status, cancel } = functions();
    const started = await start(request('POST', '/v1/jobs', { body: adoptBody() }));
    expect(started.statusCode).toBe(202);
    const { job_id } = read(started);
    const caller = { ...ci, userArn: 'arn:aws:sts::123456789012:assumed-role/ci/run-2' };
    const seen = await status(request('GET', `/v1/jobs/${job_id}`, { caller }));
    expect([seen.statusCode, read(seen)['status']]).toEqual([200, 'running']);
    const cancelled = await cancel(request('POST', `/v1/jobs/${job_id}/cancel`, { caller }));
    expect([cancelled.statusCode, read(cancelled)['phase']]).toEqual([202, 'cancelling']);
  });
  it('serves the tools, whose jobs are those of the routes', async () => {
    const { start, mcp } = functions();
    const { job_id } = read(await start(request('POST', '/v1/jobs', { body: adoptBody() })));
    const params = { name: 'job_get', arguments: { job_id } };
    const asked = request('POST', '/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params } });
    asked.headers['accept'] = 'application/json, text/event-stream';
    const answer = await mcp(asked);
    expect(answer.statusCode).toBe(200);
    // A client of 2025 is answered with an event stream, which goes through API Gateway as base64.
    expect(answer.isBase64Encoded).toBe(false);
    expect(answer.body).toContain(`"job_id":"${job_id}"`);
  });
  it('looks for what is wrong, by the function that needs most', async () => {
    const answer = await functions().start(request('POST', '/v1/doctor', { body: { send_test: false } }));
    expect(read(answer)).toEqual({ checks: [{ name: 'a', ok: true, message: 'b' }] });
  });
  it('holds the answers of tools no longer than those of routes, and says so', async () => {
    const { start, mcp, world } = functions();
    const { job_id } = read(await start(request('POST', '/v1/jobs', { body: adoptBody() })));
    const ask = async (method: string, params: unknown): Promise<string> => {
      const asked = request('POST', '/mcp', { body: { jsonrpc: '2.0', id: 1, method, params } });
      asked.headers['accept'] = 'application/json, text/event-stream';
      return (await mcp(asked)).body;
    };
    for (const [name, rest] of [
      ['job_wait', { job_id }],
      ['job_events', {}],
    ] as const) {
      const begun_ms = world.now();
      const said = await ask('tools/call', { name, arguments: { wait_seconds: 25, ...rest } });
      expect(said).not.toContain('"isError":true');
      expect(world.now() - begun_ms).toBe(2000);
    }
    expect(await ask('tools/list', {})).toContain('this server holds no answer longer than 2 s');
  });
  it('reads a body as text or in base64, up to 64 KB of it', async () => {
    const { start } = functions();
    const text = JSON.stringify(adoptBody({ name: 'é€' }));
    const asText = { ...request('POST', '/v1/jobs'), body: text };
    const asBase64 = { ...asText, body: Buffer.from(text).toString('base64'), isBase64Encoded: true };
    for (const event of [asText, asBase64]) expect(read(await start(event))['name']).toBe('é€');
    const blanks = Buffer.alloc(65_537, ' ').toString('base64');
    expect((await start({ ...asBase64, body: blanks })).statusCode).toBe(413);
  });
  it('keeps the jobs of another role to itself', async () => {
    const { start, status } = functions();
    const { job_id } = read(await start(request('POST', '/v1/jobs', { body: adoptBody() })));
    const caller = { ...ci, userArn: 'arn:aws:sts::123456789012:assumed-role/other/run-1' };
    expect((await status(request('GET', `/v1/jobs/${job_id}`, { caller }))).statusCode).toBe(404);
  });
  it('turns away whom nobody names', async () => {
    const { status } = functions();
    const caller = { accountId: '', userArn: '' };
    expect((await status(request('GET', '/health', { caller }))).statusCode).toBe(401);
  });
  it('says what it is', async () => {
    const { status } = functions();
    expect(read(await status(request('GET', '/health')))).toEqual({ ok: true, version: '1.2.3', engine: 'aws' });
  });
  it('holds an answer no longer than the deployment lets it', async () => {
    const { start, status, world: given } = functions();
    const { job_id } = read(await start(request('POST', '/v1/jobs', { body: adoptBody() })));
    const begun_ms = given.now();
    await status(request('GET', `/v1/jobs/${job_id}?wait_seconds=25`));
    expect(given.now() - begun_ms).toBe(2000);
  });
  it('logs what went wrong with the job id, and answers without it', async () => {
    const given = world();
    const load = () => Promise.reject(new Error('arn:aws:dynamodb: no'));
    const { status, lines } = functions({ ...given, ports: { ...given.ports, jobs: { ...given.ports.jobs, load } } });
    const job_id = `job_${'0'.repeat(26)}`;
    const answer = await status(request('GET', `/v1/jobs/${job_id}`));
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('arn:aws');
    expect(lines).toMatchObject([{ level: 'error', job_id }]);
  });
});

describe('functions with fewer rights', () => {
  it('serve only the routes that they are for', async () => {
    const { start, status, cancel, mcp } = functions();
    const post = request('POST', '/v1/jobs', { body: adoptBody() });
    expect(await Promise.all([status, cancel, mcp].map(async (fn) => (await fn(post)).statusCode))).toEqual([
      405, 404, 404,
    ]);
    const get = request('GET', '/v1/jobs');
    expect(await Promise.all([start, cancel, mcp].map(async (fn) => (await fn(get)).statusCode))).toEqual([
      405, 404, 404,
    ]);
  });
  it('fail where they would touch what they have no right to', () => {
    const transports = outOfReach<Ports['transports']>('remote systems');
    expect(() => transports.http).toThrow('this function may not touch remote systems (http)');
  });
});

describe('heldFor', () => {
  it.each([
    ['wait_seconds=25', 'wait_seconds=10'],
    ['wait_seconds=3', 'wait_seconds=3'],
    ['limit=5&wait_seconds=11&cursor=a', 'limit=5&wait_seconds=10&cursor=a'],
    ['wait_seconds=26', 'wait_seconds=26'],
    ['wait_seconds=-1', 'wait_seconds=-1'],
    ['await_seconds=20', 'await_seconds=20'],
    ['', ''],
  ])('%s → %s', (query, held) => {
    expect(heldFor(query, 10)).toBe(held);
  });
});
