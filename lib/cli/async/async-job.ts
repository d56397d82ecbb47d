import { defaultExpectedSeconds, intervalSeconds, timeoutSeconds } from '../../core/cadence.ts';
import { type Status, statuses } from '../../core/job.ts';
import type { EnvelopeError } from '../envelope.ts';

/**
 * A job of a program's own: what its author knows of it. The rest of the contract follows: whether it is terminal, the
 * commands, and the pace where none is given (a tenth of the expected time, 3 to 60 s; twice the expected time and five
 * minutes, a day without an expectation).
 */
export type AsyncJob = {
  /** Letters, digits, dots, dashes: it goes into commands that are run without a shell. */
  job_id: string;
  status: Status;
  /** ISO 8601, UTC. */
  started_at: string;
  expected_seconds?: number | undefined;
  /** How often to ask. */
  poll_interval_ms?: number | undefined;
  /** After this long a caller gives up and cancels: longer than the job's own deadline, so that its own verdict comes first. */
  timeout_ms?: number | undefined;
  /** Why it failed or was cancelled; `timed_out` makes `job status` exit with 7. */
  reason?: string | null | undefined;
  /** What it says of itself, for people. */
  message?: string | null | undefined;
  /** Where it is; becoming `blocked` (it needs a person) or `failing` ends a wait. */
  phase?: string | null | undefined;
  progress_pct?: number | null | undefined;
  /** What to do now, one sentence. */
  next_step?: string | null | undefined;
  result?: unknown;
  [more: string]: unknown;
};

/** An action's answer when nothing was started, in place of a job: exit 4, and `error` says why. */
export type StartRejected = { start_rejected: EnvelopeError };

/** Nothing was started, and why; `code` is UPPER_SNAKE, `fix_command` runs as printed. */
export const startRejected = (
  error: Pick<EnvelopeError, 'code' | 'message'> & Partial<EnvelopeError>,
): StartRejected => ({
  start_rejected: {
    retryable: false,
    phase: 'execution',
    suggestion: 'Nothing was started: mend what the message says, then start anew.',
    ...error,
  },
});

/** The descriptor of an author's job, still to be checked: what was left out is not in it. */
export function describeAsyncJob(job: AsyncJob, cli_command: string): Record<string, unknown> {
  const { expected_seconds, status } = job;
  const interval_ms = intervalSeconds(expected_seconds ?? defaultExpectedSeconds, {}) * 1000;
  const deadline_ms = timeoutSeconds(undefined, undefined, expected_seconds ?? null) * 1000;
  const given = Object.fromEntries(Object.entries(job).filter(([, value]) => value !== undefined));
  return {
    poll_interval_ms: interval_ms,
    timeout_ms: deadline_ms + 2 * interval_ms,
    ...given,
    // A word that is none of the four is not taken for an end.
    terminal: statuses.includes(status) && status !== 'running',
    status_command: `${cli_command} job status ${job.job_id}`,
    cancel_command: `${cli_command} job cancel ${job.job_id}`,
  };
}
