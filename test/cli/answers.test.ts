import { describe, expect, it } from 'vitest';
import { findEndpoint } from '../../lib/cli/find-endpoint.ts';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { run } from './support/run.ts';
import { deadEndpoint, type Reply, scriptedServer } from './support/scripted-server.ts';

const start = ['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '{}'];
const list = ['job', 'list'];
const status = ['job', 'status', jobId];
const html: Reply = { text: '<html>hello</html>' };

const refusals: [name: string, argv: string[], reply: Reply, exit: number, code: string][] = [
  ['an invalid request', start, aProblem(400, 'INVALID_REQUEST'), 2, 'INVALID_REQUEST'],
  ['a missing token', list, aProblem(401, 'UNAUTHENTICATED'), 8, 'UNAUTHENTICATED'],
  ['a 401 of a gateway', list, { status: 401, json: { message: 'Unauthorized' } }, 8, 'UNAUTHENTICATED'],
  ['a forbidden call', list, aProblem(403, 'PERMISSION_DENIED'), 7, 'PERMISSION_DENIED'],
  ['a conflict', start, aProblem(409, 'CONFLICT'), 6, 'CONFLICT'],
  ['an expired job', status, aProblem(410, 'JOB_EXPIRED'), 5, 'JOB_EXPIRED'],
  ['a large body', start, aProblem(413, 'BODY_TOO_LARGE'), 2, 'BODY_TOO_LARGE'],
  ['a key used before', start, aProblem(422, 'IDEMPOTENCY_KEY_REUSED'), 6, 'IDEMPOTENCY_KEY_REUSED'],
  ['a failed first check', start, aProblem(422, 'FIRST_CHECK_FAILED'), 2, 'FIRST_CHECK_FAILED'],
  ['a host that is not allowed', start, aProblem(422, 'TARGET_NOT_ALLOWED'), 2, 'TARGET_NOT_ALLOWED'],
  ['a rate limit', list, aProblem(429, 'TOO_MANY_ACTIVE_JOBS'), 11, 'TOO_MANY_ACTIVE_JOBS'],
  ['a rate limit of a gateway', list, { status: 429, json: {} }, 11, 'RATE_LIMITED'],
  ['a fault of the server', list, aProblem(500, 'INTERNAL_ERROR'), 12, 'INTERNAL_ERROR'],
  ['an unavailable server', list, aProblem(503, 'UNAVAILABLE', { retryable: true }), 12, 'UNAVAILABLE'],
  ['a gateway without its server', list, { status: 502, ...html }, 12, 'UNAVAILABLE'],
  ['an unknown route', list, aProblem(404, 'ROUTE_NOT_FOUND'), 12, 'ROUTE_NOT_FOUND'],
  ["another server's 404", status, { status: 404, ...html }, 12, 'MALFORMED_ANSWER'],
  ["a gateway's 404", status, { status: 404, json: { message: 'Not Found' } }, 12, 'MALFORMED_ANSWER'],
  ['a redirect', list, { status: 302, headers: { location: 'http://127.0.0.1:1/' }, json: {} }, 12, 'MALFORMED_ANSWER'],
  ['HTML', status, html, 12, 'MALFORMED_ANSWER'],
  ['malformed JSON', status, { text: '{"job_id":' }, 12, 'MALFORMED_ANSWER'],
  ['an empty answer', status, { text: '' }, 12, 'MALFORMED_ANSWER'],
  ['JSON that is no job', status, { json: { job_id: jobId } }, 12, 'MALFORMED_ANSWER'],
  ['a job that contradicts itself', status, { json: { ...aJob(), terminal: true } }, 12, 'MALFORMED_ANSWER'],
  ['a status nobody knows', status, { json: { ...aJob(), status: 'timed_out' } }, 12, 'MALFORMED_ANSWER'],
  ['a truncated answer', status, { json: aJob(), cut: true }, 12, 'UNAVAILABLE'],
];

describe('answers that are no success', () => {
  it.each(refusals)('rejects %s', async (_name, argv, reply, exit, code) => {
    const server = await scriptedServer(() => reply);
    const { code: exited, envelope } = await run(argv, { endpoint: server.url });
    expect([exited, envelope.error?.code]).toEqual([exit, code]);
    expect(envelope.data).toBeNull();
  });

  it('lists the problems the server found', async () => {
    const errors = [{ path: 'acceptors', message: 'no acceptor has the state "success"' }];
    const server = await scriptedServer(() => aProblem(400, 'INVALID_REQUEST', { errors }));
    const { envelope } = await run(start, { endpoint: server.url });
    expect(envelope.error).toMatchObject({ problems: errors, phase: 'validation' });
  });

  it('passes on when to come back: the problem says it, or else the header', async () => {
    const body = await scriptedServer(() =>
      aProblem(429, 'TOO_MANY_ACTIVE_JOBS', { retryable: true, retry_after_ms: 1500 }),
    );
    expect((await run(list, { endpoint: body.url })).envelope.error).toMatchObject({
      retryable: true,
      retry_after_ms: 1500,
    });
    const header = await scriptedServer(() => ({ status: 429, headers: { 'retry-after': '7' }, json: {} }));
    expect((await run(list, { endpoint: header.url })).envelope.error).toMatchObject({
      retryable: true,
      retry_after_ms: 7000,
    });
  });

  it('says how to start a server where none listens', async () => {
    const endpoint = await deadEndpoint();
    const { code, envelope } = await run(list, { endpoint });
    expect(code).toBe(12);
    expect(envelope.error).toMatchObject({ code: 'UNAVAILABLE', retryable: true, fix_command: 'untildone serve' });
    expect(envelope.error?.message).toContain('ECONNREFUSED');
  });

  it('fails with exit 10 when its own call takes too long', async () => {
    const server = await scriptedServer(() => ({ hang: true }));
    const { code, envelope } = await run([...status, '--timeout', '0.05'], { endpoint: server.url });
    expect(code).toBe(10);
    expect(envelope.error).toMatchObject({ code: 'TIMEOUT', retryable: true });
    expect(envelope.meta['timeout_ms']).toBe(50);
  });

  it.each([
    ['http://untildone.example', 1],
    ['https://untildone.example', 0],
    ['http://127.0.0.1:4646', 0],
    ['http://localhost:4646', 0],
    ['http://[::1]:4646', 0],
  ])('warns when a token travels in the clear: %s', (url, warnings) => {
    const found = findEndpoint({}, { UNTILDONE_ENDPOINT: url, UNTILDONE_TOKEN: 't' });
    expect([found.problems, found.warnings.length]).toEqual([[], warnings]);
  });

  it('warns that printed commands do not repeat --endpoint', async () => {
    const server = await scriptedServer(() => ({ json: aJob() }));
    const { envelope } = await run([...status, '--endpoint', server.url]);
    expect(envelope.warnings).toEqual([expect.stringContaining('set UNTILDONE_ENDPOINT')]);
  });

  it('appends routes to the path of the endpoint', async () => {
    const server = await scriptedServer(() => ({ json: aJob() }));
    await run(status, { endpoint: `${server.url}/stage/` });
    expect(server.asked[0]?.path).toBe(`/stage/v1/jobs/${jobId}`);
  });
});
