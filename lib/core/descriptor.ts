import type { Tree } from './jmespath.ts';
import type { Handle, Phase, Reason, Status } from './job.ts';
import { isTerminal, type Job } from './job.ts';
import { nextStepOf } from './next-step.ts';
import { oncePerValue } from './once-per.ts';

/** The one job resource: HTTP and MCP return it bare, the CLI in its envelope, events carry it as `data`. */
export type JobDescriptor = {
  job_id: string;
  kind: string;
  name: string | null;
  connection: string;
  status: Status;
  terminal: boolean;
  reason: Reason | null;
  message: string | null;
  phase: Phase | null;
  warnings: string[];
  status_command: string;
  cancel_command: string;
  status_url: string;
  cancel_url: string;
  poll_interval_ms: number;
  timeout_ms: number;
  expected_seconds: number;
  started_at: string;
  deadline_at: string;
  next_check_at: string | null;
  settled_at: string | null;
  checks: number;
  consecutive_errors: number;
  upstream_state: string | null;
  progress_pct: number | null;
  handle: Handle | null;
  labels: Record<string, string>;
  result: Tree;
  next_step: string | null;
  observed: { _source: 'external'; _trusted: false; value: Tree };
  announcements: AnnouncementState[];
};

/** How one event fares with one target; the state is closed. */
export type AnnouncementState = {
  target: string;
  event_id: string;
  state: 'pending' | 'delivered' | 'failed' | 'unknown';
  attempts: number;
  last_error: string | null;
};

/** How the job is spoken of outside: the CLI's invocation and the API's public address, without a trailing slash. */
export type Address = { cli_command: string; base_url: string };

/** Jobs that are handed over, looked at or listed together share their seconds, and `Date` takes longer to write one than all else here. */
const startOfSecond = oncePerValue(1024, (second: number) => new Date(second * 1000).toISOString().slice(0, -4));

/** A moment as `Date` writes it. */
function iso(ms: number): string {
  const whole = Math.trunc(ms);
  const second = Math.floor(whole / 1000);
  return `${startOfSecond(second)}${String(whole - second * 1000).padStart(3, '0')}Z`;
}
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** The record's warnings and, while checks fail, why the last one did. */
function warningsOf({ state }: Job): string[] {
  if (state.last_error === null || state.status !== 'running') return state.warnings;
  const said =
    state.consecutive_errors > 1 ? `the last ${state.consecutive_errors} checks failed` : 'the last check gave nothing';
  return [...state.warnings, `${said}; ${state.last_error}`];
}

/** A wish to cancel shows at once, not only after the tick that passes it on; a declined one no longer. */
const phaseOf = ({ state }: Job): Phase | null =>
  state.cancel_requested_at_ms !== null && state.cancel_outcome !== 'declined' && state.phase !== 'starting'
    ? 'cancelling'
    : state.phase;

/** The last answer; of a job of several ids, how each of them stands. */
const observedOf = ({ spec, seen }: Job): Tree =>
  spec.kind.each === undefined || seen.each === undefined ? seen.observed : { [spec.kind.each]: seen.each };

/** Renders the record for the outside at `now_ms`. */
export function describeJob(
  job: Job,
  announcements: AnnouncementState[],
  address: Address,
  now_ms: number,
): JobDescriptor {
  const { spec, state, seen } = job;
  const terminal = isTerminal(job);
  const url = `${address.base_url}/v1/jobs/${job.job_id}`;
  return {
    job_id: job.job_id,
    kind: spec.kind.name,
    name: spec.name,
    connection: spec.connection,
    status: state.status,
    terminal,
    reason: state.reason,
    message: seen.message,
    phase: terminal ? null : phaseOf(job),
    warnings: warningsOf(job),
    status_command: `${address.cli_command} job status ${job.job_id}`,
    cancel_command: `${address.cli_command} job cancel ${job.job_id}`,
    status_url: url,
    cancel_url: `${url}/cancel`,
    poll_interval_ms: terminal ? 1000 : clamp(state.next_check_at_ms - now_ms, 1000, 60_000),
    timeout_ms: job.deadline_at_ms - job.started_at_ms + 2 * spec.interval_seconds * 1000,
    expected_seconds: spec.expected_seconds,
    started_at: iso(job.started_at_ms),
    deadline_at: iso(job.deadline_at_ms),
    next_check_at: terminal ? null : iso(state.next_check_at_ms),
    settled_at: state.settled_at_ms === null ? null : iso(state.settled_at_ms),
    checks: state.checks,
    consecutive_errors: state.consecutive_errors,
    upstream_state: state.upstream_state,
    progress_pct: state.progress_pct,
    handle: job.handle,
    labels: spec.labels,
    result: seen.result,
    next_step: nextStepOf(job),
    observed: { _source: 'external', _trusted: false, value: observedOf(job) },
    announcements,
  };
}
