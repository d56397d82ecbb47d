import { describe, expect, it } from 'vitest';
import { problemKinds } from '../../lib/api/problem.ts';
import { apiWorld, jobIn, problemIn } from '../api/api-world.ts';
import { answers, startBody } from '../support/world.ts';

// Literals that clients hold on to. A change here breaks somebody: it needs a new version of the API.

describe('the wire', () => {
  it('has these codes, statuses and no others', () => {
    expect(Object.entries(problemKinds).map(([code, { status, retryable }]) => [code, status, retryable])).toEqual([
      ['INVALID_REQUEST', 400, false],
      ['UNAUTHENTICATED', 401, false],
      ['PERMISSION_DENIED', 403, false],
      ['JOB_NOT_FOUND', 404, false],
      ['ROUTE_NOT_FOUND', 404, false],
      ['CONFLICT', 409, false],
      ['BODY_TOO_LARGE', 413, false],
      ['START_REJECTED', 422, false],
      ['FIRST_CHECK_FAILED', 422, false],
      ['TARGET_NOT_ALLOWED', 422, false],
      ['IDEMPOTENCY_KEY_REUSED', 422, false],
      ['TOO_MANY_ACTIVE_JOBS', 429, true],
      ['UNAVAILABLE', 503, true],
      ['INTERNAL_ERROR', 500, false],
    ]);
  });

  it('has these routes', () => {
    const { routes } = apiWorld({ doctor: () => Promise.resolve([]) });
    expect(routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'GET /health',
      'GET /v1/events',
      'GET /v1/jobs',
      'GET /v1/jobs/{job_id}',
      'GET /v1/kinds',
      'GET /v1/openapi.json',
      'POST /mcp',
      'POST /v1/doctor',
      'POST /v1/jobs',
      'POST /v1/jobs/{job_id}/cancel',
    ]);
  });

  it('carries a descriptor with these fields, in this order', async () => {
    const api = apiWorld();
    api.remote.status = () => answers({ state: 'NEEDS_APPROVAL' });
    const got = await api.post('/v1/jobs', startBody());
    expect(Object.keys(got.body as object)).toEqual([
      'job_id',
      'kind',
      'name',
      'connection',
      'status',
      'terminal',
      'reason',
      'message',
      'phase',
      'warnings',
      'status_command',
      'cancel_command',
      'status_url',
      'cancel_url',
      'poll_interval_ms',
      'timeout_ms',
      'expected_seconds',
      'started_at',
      'deadline_at',
      'next_check_at',
      'settled_at',
      'checks',
      'consecutive_errors',
      'upstream_state',
      'progress_pct',
      'handle',
      'labels',
      'result',
      'next_step',
      'observed',
      'announcements',
    ]);
    const job = jobIn(got);
    expect(job.observed).toEqual({ _source: 'external', _trusted: false, value: { state: 'NEEDS_APPROVAL' } });
    expect(job.status_command).toBe(`untildone job status ${job.job_id}`);
    expect(job.announcements.map((one) => Object.keys(one))).toEqual([
      ['target', 'event_id', 'state', 'attempts', 'last_error'],
    ]);
    expect(job.announcements[0]?.event_id).toMatch(/^evt_[0-9a-z]{26}_[0-9a-z]+_0_blocked$/);
    const { events } = (await api.send('/v1/events')).body as { events: object[] };
    expect(Object.keys(events[0] ?? {})).toEqual(['event_id', 'type', 'timestamp', 'data']);
  });

  it('carries pages, problems and health with these fields', async () => {
    const api = apiWorld();
    const keysOf = async (path: string): Promise<string[]> => Object.keys((await api.send(path)).body as object);
    expect(await keysOf('/v1/jobs')).toEqual(['items', 'next_cursor', 'has_more']);
    expect(await keysOf('/v1/events')).toEqual(['events', 'next_cursor', 'has_more']);
    expect(await keysOf('/v1/kinds')).toEqual(['kinds']);
    expect(await keysOf('/health')).toEqual(['ok', 'version', 'engine']);
    const problem = [
      'type',
      'title',
      'status',
      'detail',
      'code',
      'retryable',
      'retry_after_ms',
      'errors',
      'request_id',
    ];
    expect(await keysOf('/v1/nothing')).toEqual(problem);
    api.remote.start = () => answers({}, { http_status: 400 });
    const refused = await api.post('/v1/jobs', startBody());
    expect(Object.keys(refused.body as object)).toEqual([...problem, 'job']);
    expect(problemIn(refused).type).toBe('urn:untildone:problem:start-rejected');
  });

  it('has this entity tag', async () => {
    const api = apiWorld();
    api.remote.status = () => answers({ state: 'RUNNING', progress: 60 });
    const { job_id } = jobIn(await api.post('/v1/jobs', startBody()));
    expect((await api.send(`/v1/jobs/${job_id}`)).headers.get('etag')).toBe('W/"running.polling.-.60"');
  });
});
