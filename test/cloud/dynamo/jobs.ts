import type { Job, StatePatch } from '../../../lib/core/job.ts';
import { refOf } from '../../../lib/core/job.ts';
import type { Change, Claim } from '../../../lib/ports.ts';
import { aJob, epoch_ms, owedBy, settledState } from '../../contracts/records.ts';
import type { BilledCall } from '../dynamo-front.ts';

export const claimOf = (job: Job, rest: Partial<Claim> = {}): Claim => ({
  ref: refOf(job),
  expected_checks: job.state.checks,
  proven: true,
  now_ms: epoch_ms + 10_000,
  lease_until_ms: epoch_ms + 55_000,
  next_check_at_ms: epoch_ms + 40_000,
  unsaved_claims: 1,
  ...rest,
});
export const saveOf = (job: Job, state: StatePatch = {}, rest: Partial<Change> = {}): Change => ({
  ref: refOf(job),
  expected_checks: null,
  state,
  owe: [],
  ...rest,
});
export const settleOf = (job: Job, rest: Partial<Change> = {}): Change =>
  saveOf(job, settledState, { owe: [owedBy(job)], ...rest });
/** What the state has room for. */
export const glimpsed = (message: string) => ({ message, observed: { state: 'RUNNING' }, result: null });
/** What it has no room for. */
export const saw = (message: string) => ({
  message,
  observed: { state: 'RUNNING', run: 'a81bc81b-dead-4e5d-abff-90865d1e13b1', trace: 'Zf3k-9QwXv2-Lr71-Tm08-Yb65' },
  result: null,
});

/** A load test of OctoPerf, handed over by a role in CI: what most jobs are like. */
export function octoJob(number = 1): Job {
  const job = aJob({ number, owner: 'aws:123456789012:role/performance-test-runner', starts: true });
  const call = (tool: string) => ({ method: 'POST' as const, url: `/mcp/${tool}`, body: { id: '{benchResultId}' } });
  const kind = {
    ...job.spec.kind,
    name: 'octoperf-scenario',
    start: call('run_scenario'),
    handle: { benchReportId: 'benchReportId', benchResultId: 'benchResultIds[0]' },
    status: call('get_bench_result'),
    progress: call('get_bench_status'),
    cancel: call('stop_bench_result'),
    paths: { upstream_state: 'state', progress: 'progress', message: 'error.message', result: '@' },
  };
  return { ...job, spec: { ...job.spec, kind, name: 'checkout load test, nightly', connection: 'octoperf' } };
}
export const octoHandle = {
  benchReportId: 'f3f2c1d0-5c0e-4d7f-9a68-2b1c',
  benchResultId: 'a81bc81b-dead-4e5d-abff-90865d1e13b1',
};
/** Everything that a hot item of a long, eventful run holds while it runs. */
export const eventful: StatePatch = {
  phase: 'polling',
  claimed_at_ms: epoch_ms + 3_600_000,
  lease_until_ms: epoch_ms + 3_645_000,
  not_before_ms: epoch_ms + 3_660_000,
  consecutive_errors: 3,
  last_error: 'server_error: the remote system answered with HTTP 503 Service Unavailable',
  matched: true,
  upstream_state: 'RUNNING',
  progress_pct: 87.5,
  progress_saved_at_ms: epoch_ms + 3_600_000,
  begun_at_ms: epoch_ms + 1_234,
  told: ['overdue'],
  events: 2,
};

/** Billed calls as `Action`, or `Action(index)`, since the log was `length` long. */
export const namesOf = (billed: readonly BilledCall[], from = 0): string[] =>
  billed.slice(from).map(({ action, body }) => {
    const where = body.IndexName === undefined ? '' : ` on ${body.IndexName}`;
    return `${action}${body.ConsistentRead === true ? ', consistent' : ''}${where}`;
  });
