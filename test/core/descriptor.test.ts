import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeJob, type JobDescriptor } from '../../lib/core/descriptor.ts';
import type { Job, JobState } from '../../lib/core/job.ts';
import { aJob, epoch_ms, type JobParts, planted } from './a-job.ts';

const address = { cli_command: 'npx --no-install untildone', base_url: 'https://jobs.example.com' };
const described = (job: Job, now_ms = epoch_ms + 60_000): JobDescriptor => describeJob(job, [], address, now_ms);

const id = 'job_00000000000000000000000001';
const common = {
  job_id: id,
  kind: 'http',
  name: 'nightly',
  connection: 'ci',
  warnings: [],
  status_command: `npx --no-install untildone job status ${id}`,
  cancel_command: `npx --no-install untildone job cancel ${id}`,
  status_url: `https://jobs.example.com/v1/jobs/${id}`,
  cancel_url: `https://jobs.example.com/v1/jobs/${id}/cancel`,
  timeout_ms: 3_660_000,
  expected_seconds: 300,
  started_at: '2026-11-21T09:00:00.000Z',
  deadline_at: '2026-11-21T10:00:00.000Z',
  handle: { id: 'run-1' },
  labels: { team: 'perf' },
  announcements: [],
};
const observed = (value: unknown) => ({ _source: 'external', _trusted: false, value });

it('writes every moment as Date does, to the millisecond', () => {
  const at = (next_check_at_ms: number) => described(aJob({ state: { next_check_at_ms } })).next_check_at;
  const latest_ms = 8.64e15;
  const moments = fc.oneof(
    fc.double({ min: -latest_ms, max: latest_ms, noNaN: true }),
    fc.integer({ min: -2_000, max: 2_000 }),
    fc.double({ min: epoch_ms, max: epoch_ms + 2_000, noNaN: true }),
  );
  fc.assert(
    fc.property(moments, (ms) => at(ms) === new Date(ms).toISOString()),
    { numRuns: 2_000 },
  );
});

describe('describeJob, field by field', () => {
  it('running', () => {
    const job = aJob({
      state: { checks: 4, next_check_at_ms: epoch_ms + 81_000, upstream_state: 'RUNNING', progress_pct: 60 },
      job: { seen: { message: 'warming up', observed: planted({ state: 'RUNNING' }), result: null } },
    });
    expect(described(job)).toEqual({
      ...common,
      status: 'running',
      terminal: false,
      reason: null,
      message: 'warming up',
      phase: 'polling',
      poll_interval_ms: 21_000,
      next_check_at: '2026-11-21T09:01:21.000Z',
      settled_at: null,
      checks: 4,
      consecutive_errors: 0,
      upstream_state: 'RUNNING',
      progress_pct: 60,
      result: null,
      next_step: null,
      observed: observed({ state: 'RUNNING' }),
    });
  });

  it('complete', () => {
    const job = aJob({
      kind: { next_step: { complete: 'Read the report.' } },
      state: {
        status: 'complete',
        phase: null,
        checks: 12,
        settled_at_ms: epoch_ms + 59_000,
        upstream_state: 'FINISHED',
        progress_pct: 100,
        last_error: 'of old',
      },
      job: { seen: { message: null, observed: planted({ state: 'FINISHED' }), result: planted({ rps: 7 }) } },
    });
    expect(described(job)).toEqual({
      ...common,
      status: 'complete',
      terminal: true,
      reason: null,
      message: null,
      phase: null,
      poll_interval_ms: 1000,
      next_check_at: null,
      settled_at: '2026-11-21T09:00:59.000Z',
      checks: 12,
      consecutive_errors: 0,
      upstream_state: 'FINISHED',
      progress_pct: 100,
      result: { rps: 7 },
      next_step: 'Read the report.',
      observed: observed({ state: 'FINISHED' }),
    });
  });

  it('failed, timed_out', () => {
    const announcement = { target: 'ops', event_id: 'evt_1', state: 'pending' as const, attempts: 0, last_error: null };
    const job = aJob({
      state: {
        status: 'failed',
        reason: 'timed_out',
        phase: null,
        checks: 120,
        consecutive_errors: 2,
        last_error: 'timeout: no answer',
        settled_at_ms: epoch_ms + 3_600_000,
        warnings: ['timed out; the remote system accepted the cancel'],
      },
    });
    expect(describeJob(job, [announcement], address, epoch_ms + 3_700_000)).toEqual({
      ...common,
      status: 'failed',
      terminal: true,
      reason: 'timed_out',
      message: null,
      phase: null,
      warnings: ['timed out; the remote system accepted the cancel'],
      poll_interval_ms: 1000,
      next_check_at: null,
      settled_at: '2026-11-21T10:00:00.000Z',
      checks: 120,
      consecutive_errors: 2,
      upstream_state: null,
      progress_pct: null,
      result: null,
      next_step:
        'The deadline passed and the remote job was still going when last seen. Look at it there before anything else.',
      observed: observed(null),
      announcements: [announcement],
    });
  });
});

describe('describeJob', () => {
  it.each([
    [-5_000, 1000],
    [0, 1000],
    [999, 1000],
    [1000, 1000],
    [30_000, 30_000],
    [60_000, 60_000],
    [900_000, 60_000],
  ])('asks to be asked again in 1 to 60 s: the next check in %i ms → %i ms', (delay_ms, poll_interval_ms) => {
    expect(described(aJob({ state: { next_check_at_ms: epoch_ms + delay_ms } }), epoch_ms)).toMatchObject({
      poll_interval_ms,
    });
  });

  it.each([
    [60, 3600, 3_720_000],
    [3, 302, 308_000],
    [900, 604_800, 606_600_000],
  ])('gives clients that enforce it two intervals of %i s beyond the deadline of %i s', (interval, timeout, ms) => {
    const spec = { interval_seconds: interval, timeout_seconds: timeout };
    expect(described(aJob({ spec })).timeout_ms).toBe(ms);
  });

  it.each<[JobParts['state'], string | null]>([
    [{ phase: 'starting' }, 'starting'],
    [{ phase: 'polling' }, 'polling'],
    [{ phase: 'polling', cancel_requested_at_ms: 1 }, 'cancelling'],
    [{ phase: 'starting', cancel_requested_at_ms: 1 }, 'starting'],
    [{ phase: 'blocked', cancel_requested_at_ms: 1, cancel_outcome: 'declined' }, 'blocked'],
    [{ phase: 'polling', status: 'failed', reason: 'timed_out' }, null],
  ])('shows the phase of %o as %s', (state, phase) => {
    expect(described(aJob({ state: state ?? {} })).phase).toBe(phase);
  });

  it.each<[Partial<JobState>, string[]]>([
    [{ last_error: null, warnings: ['one'] }, ['one']],
    [{ last_error: 'dns: nobody', consecutive_errors: 1 }, ['the last check gave nothing; dns: nobody']],
    [
      { last_error: 'dns: nobody', consecutive_errors: 3, warnings: ['one'] },
      ['one', 'the last 3 checks failed; dns: nobody'],
    ],
  ])('warns while checks fail: %o', (state, warnings) => {
    expect(described(aJob({ state })).warnings).toEqual(warnings);
  });

  it('is the same JSON after a journey', () => {
    const descriptor = described(aJob());
    expect(JSON.parse(JSON.stringify(descriptor))).toEqual(descriptor);
  });
});
