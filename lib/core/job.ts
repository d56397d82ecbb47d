import type { Tree } from './jmespath.ts';
import type { ResolvedKind } from './kind.ts';
import type { Death } from './observation.ts';

export const schemaVersion = 1;

export const statuses = ['running', 'complete', 'failed', 'cancelled'] as const;
export type Status = (typeof statuses)[number];

export const phases = ['starting', 'polling', 'failing', 'blocked', 'unreachable', 'cancelling'] as const;
export type Phase = (typeof phases)[number];

export const failedReasons = [
  'upstream_failed',
  'timed_out',
  'start_rejected',
  'start_unknown',
  'unreachable',
  'auth_failed',
  'target_not_found',
  'target_not_allowed',
  'result_invalid',
  'internal_error',
] as const;
export const cancelledReasons = ['cancelled_by_caller', 'cancelled_upstream'] as const;
export const reasons = [...failedReasons, ...cancelledReasons] as const;
export type Reason = (typeof reasons)[number];

/** Closed. On the wire `job.settled`, `job.failing`, … */
export const eventTypes = ['settled', 'failing', 'blocked', 'unreachable', 'reachable', 'overdue'] as const;
export type EventType = (typeof eventTypes)[number];

/** A job and the moment it was made: a later job with the same id is never taken for the old one. */
export type JobRef = { job_id: string; generation_ms: number };

/** What never changes after creation. */
export type JobSpec = {
  kind: ResolvedKind;
  connection: string;
  name: string | null;
  labels: Record<string, string>;
  /** True when we start the remote job, false when it was adopted. */
  starts: boolean;
  expected_seconds: number;
  timeout_seconds: number;
  interval_seconds: number;
  /** How often its heartbeat beats, in whole minutes. */
  heartbeat_seconds: number;
  cancel_on_timeout: boolean;
  first_check: 'now' | 'later';
  announce: { targets: string[]; on: EventType[] | null };
  /** Of the canonical request body, when an idempotency key came with it. */
  fingerprint: string | null;
};

/** The remote ids a start returned, or the calls an adopted job brought. */
export type Handle = Record<string, Tree>;

/** An event that is owed: appended to the inbox and announced by the next tick. */
export type OwedEvent = { event_id: string; type: EventType; at_ms: number };

/** The hot part, small, written often. Times are milliseconds since the epoch. */
export type JobState = {
  status: Status;
  reason: Reason | null;
  phase: Phase | null;
  /** Claims so far, which is checks made or begun. */
  checks: number;
  /** Claims in a row that nothing was heard of afterwards. */
  unsaved_claims: number;
  claimed_at_ms: number | null;
  lease_until_ms: number;
  next_check_at_ms: number;
  /** The remote side asked not to be called before. */
  not_before_ms: number;
  /** Failed checks in a row. */
  consecutive_errors: number;
  /** Why the last check failed, in our words; null after a good one. */
  last_error: string | null;
  /** Whether any acceptor path ever led to a value. */
  matched: boolean;
  upstream_state: string | null;
  progress_pct: number | null;
  progress_saved_at_ms: number;
  starter_claimed_until_ms: number | null;
  /** When our start was accepted: a 404 is tolerated for 30 s after it. Null for adopted jobs. */
  begun_at_ms: number | null;
  cancel_requested_at_ms: number | null;
  cancel_outcome: 'accepted' | 'declined' | null;
  warnings: string[];
  /** Events told so far; numbers the next one. */
  events: number;
  /** Event types that are told once a job at most, and were. */
  told: EventType[];
  owed: OwedEvent[];
  settled_at_ms: number | null;
  /** Of the credential that it ended with; other jobs of the connection end with the same. */
  death: Death | null;
};

/** What a save may write: not the outbox (added to), the wish (the caller's) or the number (the fence's). */
export type StatePatch = Partial<Omit<JobState, 'owed' | 'cancel_requested_at_ms' | 'checks'>>;

/** One id of several as last seen; `value` is its last answer, null when that is too long to keep. Once it is over it is not asked again. */
export type EachSeen = {
  id: string | number;
  status: Status;
  upstream_state: string | null;
  message: string | null;
  value: Tree;
};

/** The big part: what was last seen. Text of the remote system, untrusted. A job of several ids has `each` instead of `observed`. */
export type JobSeen = { message: string | null; observed: Tree; result: Tree; each?: EachSeen[] };

export type Job = JobRef & {
  schema_version: number;
  owner: string;
  started_at_ms: number;
  deadline_at_ms: number;
  spec: JobSpec;
  handle: Handle | null;
  state: JobState;
  seen: JobSeen;
};

export const isTerminal = (job: Job): boolean => job.state.status !== 'running';
export const refOf = ({ job_id, generation_ms }: JobRef): JobRef => ({ job_id, generation_ms });

/**
 * `evt_` + job id + generation + number + type: the same event has the same id however often it is written, and two
 * writers who count alike cannot give one id to two types.
 */
export const eventIdOf = (job: JobRef, number: number, type: EventType): string =>
  `evt_${job.job_id.slice(4)}_${job.generation_ms.toString(36)}_${number}_${type}`;

export const jobIdPattern = /^job_[0-9a-z]{26}$/;

const maxWarnings = 10;
const maxWarningLength = 280;

/** Adds a warning once; the list stays short. */
export function withWarning(warnings: string[], warning: string): string[] {
  const cut = warning.slice(0, maxWarningLength);
  if (warnings.includes(cut) || warnings.length >= maxWarnings) return warnings;
  return [...warnings, cut];
}

/** Takes a warning back; the same list where it is not in it. */
export const withoutWarning = (warnings: string[], stale: string): string[] =>
  warnings.includes(stale) ? warnings.filter((warning) => warning !== stale) : warnings;

/** A state in which nothing has happened yet. */
export const untouched: JobState = {
  status: 'running',
  reason: null,
  phase: null,
  checks: 0,
  unsaved_claims: 0,
  claimed_at_ms: null,
  lease_until_ms: 0,
  next_check_at_ms: 0,
  not_before_ms: 0,
  consecutive_errors: 0,
  last_error: null,
  matched: false,
  upstream_state: null,
  progress_pct: null,
  progress_saved_at_ms: 0,
  starter_claimed_until_ms: null,
  begun_at_ms: null,
  cancel_requested_at_ms: null,
  cancel_outcome: null,
  warnings: [],
  events: 0,
  told: [],
  owed: [],
  settled_at_ms: null,
  death: null,
};

/** What is seen of a job that was never looked at: one object for all of them. */
export const unseen: JobSeen = { message: null, observed: null, result: null };

/** A fresh record, before anything remote was called. */
export function newJob(made: {
  job_id: string;
  owner: string;
  now_ms: number;
  spec: JobSpec;
  handle: Handle | null;
  first_check_at_ms: number;
  warnings?: string[];
}): Job {
  return {
    job_id: made.job_id,
    generation_ms: made.now_ms,
    schema_version: schemaVersion,
    owner: made.owner,
    started_at_ms: made.now_ms,
    deadline_at_ms: made.now_ms + made.spec.timeout_seconds * 1000,
    spec: made.spec,
    handle: made.handle,
    state: {
      ...untouched,
      phase: made.spec.starts ? 'starting' : 'polling',
      next_check_at_ms: made.first_check_at_ms,
      warnings: made.warnings ?? [],
    },
    seen: unseen,
  };
}
