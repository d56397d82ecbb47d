import { describe, expect, it } from 'vitest';
import { answers, startBody } from '../support/world.ts';
import { type ApiWorld, apiWorld, jobIn, problemIn } from './api-world.ts';

const started = async (api: ApiWorld): Promise<string> => jobIn(await api.post('/v1/jobs', startBody())).job_id;

describe('POST /v1/jobs/{job_id}/cancel', () => {
  it('answers 202 while the job still runs, and calls the remote cancel by default', async () => {
    const api = apiWorld();
    const job_id = await started(api);
    const got = await api.post(`/v1/jobs/${job_id}/cancel`);
    expect(got.status).toBe(202);
    expect(got.headers.get('retry-after')).toMatch(/^\d+$/);
    api.remote.status = () => answers({ state: 'ABORTED' });
    await api.advance(10);
    expect(api.calls.filter((call) => call.part === 'cancel')).toHaveLength(1);
    expect(jobIn(await api.send(`/v1/jobs/${job_id}`))).toMatchObject({
      status: 'cancelled',
      reason: 'cancelled_by_caller',
    });
  });

  it('ends the watching alone with "remote": false, and says so', async () => {
    const api = apiWorld();
    const got = await api.post(`/v1/jobs/${await started(api)}/cancel`, { remote: false });
    expect(got.status).toBe(200);
    expect(got.headers.get('retry-after')).toBeNull();
    expect(jobIn(got)).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expect(jobIn(got).warnings.join()).toContain('was not cancelled');
    await api.advance(100);
    expect(api.calls.some((call) => call.part === 'cancel')).toBe(false);
  });

  it('returns a job that has ended as it is', async () => {
    const api = apiWorld();
    const job_id = await started(api);
    api.remote.status = () => answers({ state: 'FINISHED' });
    await api.advance(10);
    const got = await api.post(`/v1/jobs/${job_id}/cancel`, {});
    expect([got.status, jobIn(got).status]).toEqual([200, 'complete']);
  });

  it('accepts no body at all, whatever its content type says', async () => {
    const api = apiWorld();
    const got = await api.post(`/v1/jobs/${await started(api)}/cancel`, undefined, {
      headers: { 'content-type': 'text/plain' },
    });
    expect(got.status).toBe(202);
  });

  it.each(['{"remote":"yes"}', '{"remot":true}', 'null', '[]', '{'])('rejects the body %s', async (body) => {
    const api = apiWorld();
    const job_id = await started(api);
    const got = await api.post(`/v1/jobs/${job_id}/cancel`, body);
    expect([got.status, problemIn(got).code]).toEqual([400, 'INVALID_REQUEST']);
    expect(api.job(job_id).state.cancel_requested_at_ms).toBeNull();
  });
});
