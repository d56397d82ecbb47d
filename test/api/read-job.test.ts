import { describe, expect, it } from 'vitest';
import { adoptBody, answers, startBody } from '../support/world.ts';
import { type ApiWorld, apiWorld, jobIn, problemIn } from './api-world.ts';

const started = async (api: ApiWorld, as = 'me'): Promise<string> =>
  jobIn(await api.post('/v1/jobs', startBody(), { as })).job_id;

describe('GET /v1/jobs/{job_id}', () => {
  it('answers 200 with Retry-After while the job runs, and without once it has ended', async () => {
    const api = apiWorld();
    const job_id = await started(api);
    const running = await api.send(`/v1/jobs/${job_id}`);
    expect(running.status).toBe(200);
    expect(running.headers.get('retry-after')).toBe('3');
    api.remote.status = () => answers({ state: 'ERROR', error: { message: 'node 3 died' } });
    await api.advance(10);
    const ended = await api.send(`/v1/jobs/${job_id}`);
    expect(ended.status).toBe(200);
    expect(ended.headers.get('retry-after')).toBeNull();
    expect(jobIn(ended)).toMatchObject({ status: 'failed', reason: 'upstream_failed', message: 'node 3 died' });
  });

  it('rounds Retry-After up to whole seconds', async () => {
    const api = apiWorld();
    const job_id = await started(api);
    await api.advance(0.4);
    const got = await api.send(`/v1/jobs/${job_id}`);
    expect(jobIn(got).poll_interval_ms).toBe(2600);
    expect(got.headers.get('retry-after')).toBe('3');
  });

  it('answers a foreign, an unknown and a malformed id alike', async () => {
    const api = apiWorld();
    const foreign = await started(api, 'you');
    const headers = { 'x-request-id': 'same' };
    const ids = [
      foreign,
      `job_${'z'.repeat(26)}`,
      'job_',
      'x',
      '..%2f..',
      '%00',
      '%zz',
      'JOB_00000000000000000000000001',
    ];
    const texts = new Set<string>();
    for (const id of ids)
      for (const got of [
        await api.send(`/v1/jobs/${id}`, { headers }),
        await api.post(`/v1/jobs/${id}/cancel`, undefined, { headers }),
      ]) {
        expect(got.status).toBe(404);
        texts.add(got.text);
      }
    expect(texts.size).toBe(1);
    expect(api.job(foreign).state.cancel_requested_at_ms).toBeNull();
  });

  it('answers HEAD as GET without a body', async () => {
    const api = apiWorld();
    const got = await api.send(`/v1/jobs/${await started(api)}`, { method: 'HEAD' });
    expect([got.status, got.headers.get('retry-after')]).toEqual([200, '3']);
  });
});

describe('entity tags', () => {
  it('stay the same while only times and counters change, and change with the progress', async () => {
    const api = apiWorld();
    const job_id = await started(api);
    const before = await api.send(`/v1/jobs/${job_id}`);
    await api.advance(10);
    const after = await api.send(`/v1/jobs/${job_id}`);
    expect(jobIn(after).checks).toBeGreaterThan(jobIn(before).checks);
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
    api.remote.status = () => answers({ state: 'RUNNING', progress: 40 });
    await api.advance(30);
    expect((await api.send(`/v1/jobs/${job_id}`)).headers.get('etag')).not.toBe(before.headers.get('etag'));
  });

  it('answer 304 with Retry-After and no body to a reader who knows', async () => {
    const api = apiWorld();
    const path = `/v1/jobs/${await started(api)}`;
    const etag = (await api.send(path)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[\x21\x23-\x7e]+"$/);
    for (const header of [etag, etag.slice(2), '*', `"other", ${etag}`]) {
      const got = await api.send(path, { headers: { 'if-none-match': header } });
      expect([got.status, got.headers.get('etag'), got.headers.get('retry-after')]).toEqual([304, etag, '3']);
    }
    for (const header of ['"other"', '', 'W/""', 'running'])
      expect((await api.send(path, { headers: { 'if-none-match': header } })).status).toBe(200);
  });

  it('answer 304 after a wait in which nothing changed, and 200 when it did', async () => {
    const api = apiWorld();
    const path = `/v1/jobs/${await started(api)}`;
    const headers = { 'if-none-match': (await api.send(path)).headers.get('etag') ?? '' };
    const quiet = await api.send(`${path}?wait_seconds=5`, { headers });
    expect(quiet.status).toBe(304);
    api.remote.status = () => answers({ state: 'FINISHED' });
    expect((await api.send(`${path}?wait_seconds=25`, { headers })).status).toBe(200);
  });
});

describe('wait_seconds', () => {
  it('returns at the end of the window while the job just runs', async () => {
    const api = apiWorld();
    const path = `/v1/jobs/${await started(api)}`;
    const begun_ms = api.now();
    const got = await api.send(`${path}?wait_seconds=25`);
    expect(api.now() - begun_ms).toBe(25_000);
    expect(jobIn(got).status).toBe('running');
  });

  it.each([
    ['FINISHED', { status: 'complete' }],
    ['NEEDS_APPROVAL', { phase: 'blocked' }],
    ['ROLLING_BACK', { phase: 'failing' }],
  ])('returns as soon as the remote state is %s', async (state, seen) => {
    const api = apiWorld();
    api.remote.status = (_call, number) => answers({ state: number < 3 ? 'RUNNING' : state });
    const path = `/v1/jobs/${await started(api)}`;
    const begun_ms = api.now();
    const got = await api.send(`${path}?wait_seconds=25`);
    expect(jobIn(got)).toMatchObject(seen);
    expect(api.now() - begun_ms).toBeLessThan(12_000);
  });

  it.each(['NEEDS_APPROVAL', 'ROLLING_BACK'])(
    'holds on over %s when it stood so before: a loop does not spin',
    async (state) => {
      const api = apiWorld();
      api.remote.status = () => answers({ state });
      const path = `/v1/jobs/${await started(api)}`;
      await api.advance(10);
      const begun_ms = api.now();
      const got = await api.send(`${path}?wait_seconds=25`);
      expect(api.now() - begun_ms).toBe(25_000);
      expect(jobIn(got).phase).not.toBe('polling');
      const headers = { 'if-none-match': got.headers.get('etag') ?? '' };
      expect((await api.send(`${path}?wait_seconds=25`, { headers })).status).toBe(304);
      expect(api.now() - begun_ms).toBe(50_000);
    },
  );

  it('ends the wait for a job that became blocked since the tag its reader brings', async () => {
    const api = apiWorld();
    const path = `/v1/jobs/${await started(api)}`;
    const headers = { 'if-none-match': (await api.send(path)).headers.get('etag') ?? '' };
    api.remote.status = () => answers({ state: 'NEEDS_APPROVAL' });
    await api.advance(10);
    const begun_ms = api.now();
    expect(jobIn(await api.send(`${path}?wait_seconds=25`, { headers })).phase).toBe('blocked');
    expect(api.now()).toBe(begun_ms);
  });

  it('returns when a job that went on is blocked again', async () => {
    const api = apiWorld();
    api.remote.status = (_call, number) => answers({ state: number === 4 ? 'RUNNING' : 'NEEDS_APPROVAL' });
    const path = `/v1/jobs/${await started(api)}`;
    await api.advance(20.9);
    const begun_ms = api.now();
    const got = await api.send(`${path}?wait_seconds=25`);
    expect(jobIn(got).phase).toBe('blocked');
    expect(api.now() - begun_ms).toBeLessThan(25_000);
    expect(api.now() - begun_ms).toBeGreaterThan(2000);
  });

  it('returns at once for a job that has ended, and without it', async () => {
    const api = apiWorld();
    api.remote.status = () => answers({ state: 'FINISHED' });
    const { job_id } = jobIn(await api.post('/v1/jobs', adoptBody()));
    const begun_ms = api.now();
    await api.send(`/v1/jobs/${job_id}?wait_seconds=25`);
    await api.send(`/v1/jobs/${job_id}`);
    expect(api.now()).toBe(begun_ms);
  });

  it.each(['26', '-1', '1.5', '1e1', '', 'x', '0x5', ' 5', '99999999999', '5&wait_seconds=6'])(
    'rejects the value %j',
    async (value) => {
      const api = apiWorld();
      const got = await api.send(`/v1/jobs/${await started(api)}?wait_seconds=${value}`);
      expect(got.status).toBe(400);
      expect(problemIn(got).errors).toMatchObject([{ path: 'wait_seconds' }]);
    },
  );
});
