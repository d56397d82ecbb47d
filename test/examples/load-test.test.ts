import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunView } from '../../examples/load-test/run.ts';
import { exampleFile, killChildren, type Listening, listening, startExample, startNode } from './child.ts';
import { call, type Problem, post, runAtEnd, runWhen, startRun } from './load-test-client.ts';

let service: Listening;
let target: Listening;

beforeAll(async () => {
  [service, target] = await Promise.all([startExample('server.ts'), startExample('target.ts')]);
});
afterAll(killChildren);

describe.concurrent('the load-test service', () => {
  it('answers 202 with the run it created and where to ask for it', async () => {
    const body = { url: target.url, duration_seconds: 1, connections: 1, name: 'checkout' };
    const created = await post<RunView>(`${service.url}/runs`, body);

    expect(created.status).toBe(202);
    expect(created.headers.get('location')).toBe(`/runs/${created.body.id}`);
    expect(created.body).toMatchObject({ name: 'checkout', state: 'CREATED', progress: 0, expected_seconds: 1 });
    const list = await call<{ items: RunView[] }>(`${service.url}/runs`);
    expect(list.body.items.map((run) => run.id)).toContain(created.body.id);
  });

  it('finishes a short run with the figures of real requests', async () => {
    const runUrl = await startRun(service.url, { url: target.url, duration_seconds: 1, connections: 2 });

    const run = await runAtEnd(runUrl);

    expect(run).toMatchObject({ state: 'FINISHED', progress: 100, error: null });
    expect(run.elapsed_seconds).toBeGreaterThanOrEqual(1);
    expect(run.figures).toMatchObject({ errors: 0, timeouts: 0, non_2xx: 0 });
    expect(run.figures?.requests).toBeGreaterThan(10);
    expect(run.figures?.requests).toBe(run.figures?.status_2xx);
    expect(run.figures?.requests_per_second).toBeGreaterThan(10);
    expect(run.figures?.bytes).toBeGreaterThan(100);
    expect(run.figures?.latency_ms?.p50).toBeGreaterThan(0);
    expect(run.figures?.latency_ms?.max).toBeGreaterThanOrEqual(run.figures?.latency_ms?.p99 ?? Number.NaN);
  });

  it('ends a run as ERROR soon after the target died, and says what it saw', async () => {
    const mortal = await startExample('target.ts', '--dies-after-seconds', '1');
    const death = once(mortal.child, 'exit').then(() => performance.now());
    const runUrl = await startRun(service.url, { url: mortal.url, duration_seconds: 60, connections: 2 });

    const run = await runAtEnd(runUrl);
    const noticedAfterMs = performance.now() - (await death);

    expect(run).toMatchObject({ state: 'ERROR', expected_seconds: 60 });
    expect(noticedAfterMs).toBeLessThan(2000);
    expect(run.elapsed_seconds).toBeLessThan(5);
    expect(run.error?.message).toMatch(
      /^target http:\/\/127\.0\.0\.1:\d+ refused \d+ connections in a row: connect ECONNREFUSED 127\.0\.0\.1:\d+ after \d\.\d s of 60 s$/,
    );
    expect(run.figures?.requests).toBeGreaterThan(0);
    expect(run.figures?.errors).toBeGreaterThan(0);
  });

  it('ends a run as ERROR at once when the target never answered', async () => {
    const runUrl = await startRun(service.url, { url: 'http://127.0.0.1:1/?secret', duration_seconds: 60 });

    const run = await runAtEnd(runUrl);

    expect(run).toMatchObject({ state: 'ERROR', progress: 0, figures: null });
    expect(run.error?.message).toBe(
      'target http://127.0.0.1:1 refused 1 connection: connect ECONNREFUSED 127.0.0.1:1 before the load',
    );
  });

  it('shows live figures, stops when told, and refuses a second stop with the state', async () => {
    const own = await startExample('server.ts');
    const runUrl = await startRun(own.url, { url: target.url, duration_seconds: 60, connections: 1 });
    const live = await runWhen(runUrl, (run) => (run.figures?.requests ?? 0) > 0);
    expect(live.state).toBe('RUNNING');

    const stopped = await post<RunView>(`${runUrl}/stop`);
    const run = await runAtEnd(runUrl);
    const again = await post<Problem>(`${runUrl}/stop`);

    expect(stopped.status).toBe(202);
    expect(run).toMatchObject({ state: 'ABORTED', error: null });
    expect(run.elapsed_seconds).toBeLessThan(5);
    expect(again).toMatchObject({ status: 409, body: { code: 'ALREADY_OVER', state: 'ABORTED' } });
  });

  it('fails a finished run that broke a limit of fail_when', async () => {
    const slow = await startExample('target.ts', '--latency-ms', '60');
    const body = { url: slow.url, duration_seconds: 1, connections: 2, fail_when: { p99_ms_above: 50 } };

    const run = await runAtEnd(await startRun(service.url, body));

    expect(run.state).toBe('ERROR');
    expect(run.error?.message).toMatch(/^p99 latency was \d+\.\d ms, above the limit of 50 ms$/);
  });

  it('refuses a run beyond its limit with 429 and the seconds to wait, and has room again afterwards', async () => {
    const small = await startExample('server.ts', '--max-runs', '1', '--max-kept', '1');
    const body = { url: target.url, duration_seconds: 60, connections: 1 };
    const first = await startRun(small.url, body);

    const refused = await post<Problem>(`${small.url}/runs`, body);
    expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_RUNS' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);

    await post(`${first}/stop`);
    await runAtEnd(first);
    const second = await startRun(small.url, body);
    expect((await call(first)).status).toBe(404); // one run is kept, the oldest finished one went
    await post(`${second}/stop`);
  });

  it.each([
    ['url', { duration_seconds: 1 }],
    ['duration_seconds', { url: 'http://127.0.0.1:1', duration_seconds: 601 }],
    ['connections', { url: 'http://127.0.0.1:1', duration_seconds: 1, connections: 51 }],
    ['ramp.seconds', { url: 'http://127.0.0.1:1', duration_seconds: 1, ramp: { seconds: 1 } }],
    ['fail_when', { url: 'http://127.0.0.1:1', duration_seconds: 1, fail_when: { p98_ms_above: 1 } }],
    ['', { url: 'http://127.0.0.1:1', duration_seconds: 1, workers: 8 }],
  ])('rejects a bad "%s" with 400 and names it', async (path, body) => {
    const refused = await post<Problem>(`${service.url}/runs`, body);

    expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(refused.body.errors?.map((issue) => issue.path)).toEqual([path]);
  });

  it('rejects a body that is no JSON and one that is too large', async () => {
    expect(await call(`${service.url}/runs`, { method: 'POST', body: '{' })).toMatchObject({ status: 400 });
    const large = await post<Problem>(`${service.url}/runs`, { name: 'x'.repeat(20_000) });
    expect(large).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  });

  it('refuses a target on another host without touching it', async () => {
    const refused = await post<Problem>(`${service.url}/runs`, { url: 'http://192.0.2.1/', duration_seconds: 1 });

    expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect(refused.body.detail).toMatch(/192\.0\.2\.1: only this machine may be load-tested/);
  });

  it('answers 404 for an unknown run and an unknown path', async () => {
    expect(await call(`${service.url}/runs/none`)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(await post(`${service.url}/runs/none/stop`)).toMatchObject({ status: 404 });
    expect(await call(`${service.url}/elsewhere`)).toMatchObject({ status: 404 });
  });

  it('wants its token on every call but /health', async () => {
    const child = startNode([exampleFile('server.ts'), '--token-env', 'LOAD_TOKEN'], 'pipe', {
      LOAD_TOKEN: 'open-sesame',
    });
    const { url } = await listening(child);
    const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

    expect((await call(`${url}/health`)).body).toEqual({ ok: true });
    const refused = await call<Problem>(`${url}/runs`);
    expect(refused).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect((await call(`${url}/runs`, withToken('open-barley'))).status).toBe(401);
    expect(await call(`${url}/runs`, withToken('open-sesame'))).toMatchObject({ status: 200, body: { items: [] } });
  });
});
