import { describe, expect, it, vi } from 'vitest';
import { adoptBody, answers, fails, startBody, world } from '../support/world.ts';
import { apiWorld, jobIn, problemIn } from './api-world.ts';

describe('POST /v1/jobs', () => {
  it('starts a job and answers 202 with where to look and when', async () => {
    const api = apiWorld();
    const got = await api.post('/v1/jobs', startBody({ name: 'nightly', labels: { team: 'perf' } }));
    const job = jobIn(got);
    expect(got.status).toBe(202);
    expect(job).toMatchObject({
      status: 'running',
      name: 'nightly',
      labels: { team: 'perf' },
      handle: { id: 'run-1' },
    });
    expect(got.headers.get('location')).toBe(`http://127.0.0.1:4646/v1/jobs/${job.job_id}`);
    expect(got.headers.get('operation-location')).toBe(got.headers.get('location'));
    expect(got.headers.get('retry-after')).toBe(String(Math.ceil(job.poll_interval_ms / 1000)));
  });

  it('answers with the headers as they were said: nothing makes a list of them on the way', async () => {
    const api = apiWorld();
    const lists = vi.spyOn(globalThis, 'Headers');
    const got = await api.post('/v1/jobs', startBody());
    expect(got.status).toBe(202);
    expect(lists).not.toHaveBeenCalled();
  });

  it('adopts a running job without calling the starter', async () => {
    const api = apiWorld();
    const got = await api.post('/v1/jobs', adoptBody());
    expect(got.status).toBe(202);
    expect(api.calls.map((call) => call.part)).toEqual(['status']);
  });

  it('answers 200 without Retry-After for a job that has ended already', async () => {
    const api = apiWorld();
    api.remote.status = () => answers({ state: 'FINISHED' });
    const got = await api.post('/v1/jobs', adoptBody());
    expect(got.status).toBe(200);
    expect(jobIn(got)).toMatchObject({ status: 'complete', terminal: true });
    expect(got.headers.get('retry-after')).toBeNull();
    expect(got.headers.get('location')).toBe(jobIn(got).status_url);
  });

  it('rejects a body with every problem at once', async () => {
    const got = await apiWorld().post('/v1/jobs', {
      kind: 'nope',
      connection: 'nope',
      timeout_seconds: 0,
      first_chek: 'now',
    });
    expect(got.status).toBe(400);
    const { code, errors } = problemIn(got);
    expect(code).toBe('INVALID_REQUEST');
    expect(errors.map(({ path }) => path).sort()).toEqual(['', 'connection', 'first_chek', 'kind', 'timeout_seconds']);
  });

  it('says that a repeat found the job of the first time', async () => {
    const api = apiWorld();
    const headers = { 'idempotency-key': 'build-42' };
    const first = await api.post('/v1/jobs', startBody(), { headers });
    api.jump(1);
    const again = await api.post('/v1/jobs', startBody(), { headers });
    const other = await api.post('/v1/jobs', startBody(), { headers: { 'idempotency-key': 'build-43' } });
    const replayed = [first, again, other].map((got) => got.headers.get('idempotency-replayed'));
    expect(replayed).toEqual([null, 'true', null]);
    expect(jobIn(again).job_id).toBe(jobIn(first).job_id);
  });

  it('rejects what is no object', async () => {
    const api = apiWorld();
    for (const body of ['[]', 'null', '3', '"x"']) expect((await api.post('/v1/jobs', body)).status).toBe(400);
    const empty = await api.post('/v1/jobs');
    expect(empty.status).toBe(400);
    expect(problemIn(empty).errors[0]?.message).toContain('must be a JSON object');
  });

  it('rejects a start the remote system refuses with its words and the job', async () => {
    const api = apiWorld();
    api.remote.start = () => answers({ error: { message: 'quota used up' } }, { http_status: 403 });
    const got = await api.post('/v1/jobs', startBody());
    expect(got.status).toBe(422);
    expect(problemIn(got)).toMatchObject({ code: 'START_REJECTED', retryable: false, detail: 'quota used up' });
    expect(problemIn(got).job).toMatchObject({ status: 'failed', reason: 'start_rejected', terminal: true });
  });

  it('rejects a job to adopt that is not there, and keeps nothing', async () => {
    const api = apiWorld();
    api.remote.status = () => answers({}, { http_status: 404 });
    const got = await api.post('/v1/jobs', adoptBody());
    expect([got.status, problemIn(got).code]).toEqual([422, 'FIRST_CHECK_FAILED']);
    expect(problemIn(got).job).toBeUndefined();
    expect(api.jobs.size).toBe(0);
  });

  it('rejects an address that may not be called', async () => {
    const api = apiWorld();
    api.remote.status = () => fails('not_allowed', { sent: false });
    const got = await api.post('/v1/jobs', adoptBody());
    expect([got.status, problemIn(got).code]).toEqual([422, 'TARGET_NOT_ALLOWED']);
  });

  it('rejects one job too many with 429 and when to come back', async () => {
    const api = apiWorld({}, world({ configuration: { max_active_jobs_per_owner: 1 } }));
    expect((await api.post('/v1/jobs', startBody())).status).toBe(202);
    const got = await api.post('/v1/jobs', startBody());
    expect(got.status).toBe(429);
    expect(problemIn(got)).toMatchObject({ code: 'TOO_MANY_ACTIVE_JOBS', retryable: true, retry_after_ms: 60_000 });
    expect(got.headers.get('retry-after')).toBe('60');
    expect((await api.post('/v1/jobs', startBody(), { as: 'you' })).status).toBe(202);
  });

  it('rejects with 503 when there is no time left to start', async () => {
    const given = world();
    const { jobs } = given.ports;
    const countActive: typeof jobs.countActive = (owner, enough) => {
      given.jump(15);
      return jobs.countActive(owner, enough);
    };
    const slow = apiWorld({ ports: { ...given.ports, jobs: { ...jobs, countActive } } }, given);
    const got = await slow.post('/v1/jobs', startBody());
    expect(got.status).toBe(503);
    expect(problemIn(got)).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retry_after_ms: 1000 });
    expect(got.headers.get('retry-after')).toBe('1');
    expect(given.jobs.size).toBe(0);
  });
});

describe('Idempotency-Key', () => {
  const withKey = (key: string): { headers: Record<string, string> } => ({ headers: { 'idempotency-key': key } });

  it('finds the same job for the same body, and starts it once', async () => {
    const api = apiWorld();
    const first = await api.post('/v1/jobs', startBody(), withKey('run-7'));
    const again = await api.post('/v1/jobs', startBody(), withKey('run-7'));
    expect(again.status).toBe(202);
    expect(jobIn(again).job_id).toBe(jobIn(first).job_id);
    expect(api.calls.filter((call) => call.part === 'start')).toHaveLength(1);
  });

  it('is the same key quoted and bare, and another for another caller', async () => {
    const api = apiWorld();
    const bare = jobIn(await api.post('/v1/jobs', startBody(), withKey('run-7')));
    expect(jobIn(await api.post('/v1/jobs', startBody(), withKey('"run-7"'))).job_id).toBe(bare.job_id);
    expect(jobIn(await api.post('/v1/jobs', startBody(), { ...withKey('run-7'), as: 'you' })).job_id).not.toBe(
      bare.job_id,
    );
    const escaped = jobIn(await api.post('/v1/jobs', startBody(), withKey('a"b')));
    expect(jobIn(await api.post('/v1/jobs', startBody(), withKey('"a\\"b"'))).job_id).toBe(escaped.job_id);
  });

  it('rejects another body with the job of the first', async () => {
    const api = apiWorld();
    const first = jobIn(await api.post('/v1/jobs', startBody(), withKey('run-7')));
    const got = await api.post('/v1/jobs', startBody({ name: 'other' }), withKey('run-7'));
    expect(got.status).toBe(422);
    expect(problemIn(got).code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(problemIn(got).job?.job_id).toBe(first.job_id);
  });

  it.each(['', '""', 'two words', '"open', 'x'.repeat(256), `"${'x'.repeat(256)}"`, '"a"b"', '\u00e9', 'a\tb'])(
    'rejects the key %j',
    async (key) => {
      const api = apiWorld();
      const got = await api.post('/v1/jobs', startBody(), withKey(key));
      expect(got.status).toBe(400);
      expect(problemIn(got).errors[0]?.path).toBe('Idempotency-Key');
      expect(api.calls).toEqual([]);
    },
  );

  it('accepts 1 and 255 characters, quotes not counted', async () => {
    const api = apiWorld();
    for (const key of ['x', 'x'.repeat(255), `"${'y'.repeat(255)}"`, '~!#$%&*()'])
      expect((await api.post('/v1/jobs', startBody(), withKey(key))).status).toBe(202);
  });
});
