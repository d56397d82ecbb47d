import { backedOffSeconds, chainCarries, lostAfterErrors, rampedBy, rampedSeconds } from './cadence.ts';
import { cutText } from './cut-text.ts';
import type { EventType, Job, JobSeen, Phase, Reason, StatePatch, Status } from './job.ts';
import { withoutWarning, withWarning } from './job.ts';
import { hasSpoken, isNewSight, type Look, seenBy, unknownWordsIn, wordIn } from './look.ts';
import type { Verdict } from './verdict.ts';
import { withUnknownWord } from './verdict.ts';

/** What to write and tell next. `due_at_ms` is null when the job is settled. */
export type Decision = { state: StatePatch; seen: JobSeen | null; tell: EventType[]; due_at_ms: number | null };

const notFoundGraceMs = 30_000;
const endedWords = { success: 'complete', failure: 'failed', cancelled: 'cancelled' } as const;
const nothingMatches =
  'no acceptor path leads to a value in the answers so far; check the acceptors against observed.value';

/** The terminal patch: status, reason and the moment, once. */
export function settledAs(status: Exclude<Status, 'running'>, reason: Reason | null, now_ms: number): StatePatch {
  return {
    status,
    reason,
    phase: null,
    settled_at_ms: now_ms,
    lease_until_ms: 0,
    unsaved_claims: 0,
    starter_claimed_until_ms: null,
  };
}

/** Decides after a check: settle, or look again at a given time. `job` is the record as claimed. */
export function decide(job: Job, look: Look, max_checks: number, now_ms: number): Decision {
  const decision = decideOn(job, look, max_checks, now_ms);
  if (look.warnings === undefined || look.warnings.length === 0) return decision;
  const warnings = look.warnings.reduce(withWarning, decision.state.warnings ?? job.state.warnings);
  return { ...decision, state: { ...decision.state, warnings } };
}

function decideOn(job: Job, look: Look, max_checks: number, now_ms: number): Decision {
  const { verdict } = look;
  const wished = job.state.cancel_requested_at_ms !== null;
  switch (verdict.type) {
    case 'success':
      return settle(job, look, 'complete', null, now_ms);
    case 'failure':
    case 'cancelled': {
      if (wished) return settle(job, look, 'cancelled', 'cancelled_by_caller', now_ms);
      const reason = verdict.type === 'failure' ? 'upstream_failed' : 'cancelled_upstream';
      return settle(job, look, endedWords[verdict.type], reason, now_ms);
    }
    case 'auth_failed':
      return settle(job, look, 'failed', 'auth_failed', now_ms, verdict.message, deathIn(verdict));
    case 'not_allowed':
      return settle(job, look, 'failed', 'target_not_allowed', now_ms, verdict.message);
    case 'not_found':
      if (wished) return settle(job, look, 'cancelled', 'cancelled_by_caller', now_ms);
      if (job.state.begun_at_ms !== null && now_ms - job.state.begun_at_ms < notFoundGraceMs)
        return again(
          job,
          look,
          { last_error: `${verdict.message}, tolerated for 30 s after the start` },
          null,
          max_checks,
          now_ms,
        );
      return settle(job, look, 'failed', 'target_not_found', now_ms, verdict.message);
    case 'postponed':
      return again(job, look, {}, verdict.seconds, max_checks, now_ms, job.spec.interval_seconds * 1000);
    case 'failed_check':
      return again(job, look, failedCheck(job, verdict), verdict.retry_after_seconds, max_checks, now_ms);
    case 'going':
      return again(job, look, goodCheck(job, look, verdict), verdict.retry_after_seconds ?? null, max_checks, now_ms);
  }
}

const deathIn = ({ death }: Extract<Verdict, { type: 'auth_failed' }>): StatePatch =>
  death === undefined ? {} : { death };

/** A declined wish is over: the job goes on, and is watched as any other. */
const isCancelling = ({ state }: Job): boolean =>
  state.cancel_requested_at_ms !== null && state.cancel_outcome !== 'declined';

function failedCheck(job: Job, verdict: Extract<Verdict, { type: 'failed_check' }>): StatePatch {
  const consecutive_errors = job.state.consecutive_errors + 1;
  const lost = consecutive_errors >= lostAfterErrors;
  const last_error = cutText(`${verdict.fault}: ${verdict.message}`, 200);
  return {
    consecutive_errors,
    last_error,
    ...(lost && job.state.phase !== 'cancelling' ? { phase: 'unreachable' as const } : {}),
  };
}

function goodCheck(job: Job, look: Look, verdict: Extract<Verdict, { type: 'going' }>): StatePatch {
  const { state } = job;
  const phase: Phase = isCancelling(job) ? 'cancelling' : verdict.phase;
  const spoken = hasSpoken(look);
  // An empty answer ("not yet") says nothing about the acceptors, and takes back no word.
  const word = spoken ? wordIn(job, look) : state.upstream_state;
  const matched = state.matched || verdict.resolved;
  let warnings = state.warnings;
  if (matched) warnings = withoutWarning(warnings, nothingMatches);
  else if (spoken) warnings = withWarning(warnings, nothingMatches);
  warnings = unknownWordsIn(look, word).reduce(withUnknownWord, warnings);
  const progress_pct = look.progress_pct ?? state.progress_pct;
  return { phase, upstream_state: word, matched, warnings, progress_pct, consecutive_errors: 0, last_error: null };
}

/** Which events a patch amounts to. `failing` and `overdue` are told once a job, the others at every entry. */
function eventsOf(job: Job, patch: StatePatch, now_ms: number): EventType[] {
  const { state, spec } = job;
  const tell: EventType[] = [];
  const errors = patch.consecutive_errors ?? state.consecutive_errors;
  const wasLost = state.consecutive_errors >= lostAfterErrors;
  if (!wasLost && errors >= lostAfterErrors) tell.push('unreachable');
  if (wasLost && errors === 0) tell.push('reachable');
  if (patch.phase === 'failing' && !state.told.includes('failing')) tell.push('failing');
  if (patch.phase === 'blocked' && state.phase !== 'blocked') tell.push('blocked');
  if (now_ms >= job.started_at_ms + 2 * spec.expected_seconds * 1000 && !state.told.includes('overdue'))
    tell.push('overdue');
  return tell;
}

/** The job goes on, unless its time (and `grace_ms`, when the last check could not be made yet) or its checks are used up. */
function again(
  job: Job,
  look: Look,
  patch: StatePatch,
  retry_after_seconds: number | null,
  max_checks: number,
  now_ms: number,
  grace_ms = 0,
): Decision {
  const { state } = job;
  if (now_ms >= job.deadline_at_ms + grace_ms) {
    const lost = (patch.consecutive_errors ?? state.consecutive_errors) >= lostAfterErrors;
    return settle(
      job,
      look,
      'failed',
      lost ? 'unreachable' : 'timed_out',
      now_ms,
      lost ? (patch.last_error ?? state.last_error) : null,
      patch,
    );
  }
  if (state.checks >= max_checks)
    return settle(
      job,
      look,
      'failed',
      'internal_error',
      now_ms,
      `gave up after ${state.checks} checks (max_checks_per_job)`,
      patch,
    );

  const tell = eventsOf(job, patch, now_ms);
  const once = tell.filter((type) => type === 'failing' || type === 'overdue');
  const { not_before_ms, due_at_ms } = nextLook(job, patch, retry_after_seconds, now_ms);
  const changed =
    (patch.upstream_state !== undefined && patch.upstream_state !== state.upstream_state) ||
    (patch.phase !== undefined && patch.phase !== state.phase);
  return {
    state: {
      ...patch,
      next_check_at_ms: due_at_ms,
      not_before_ms,
      ...(once.length > 0 ? { told: [...state.told, ...once] } : {}),
    },
    seen: changed || isNewSight(job, look) ? seenBy(job, look) : null,
    tell,
    due_at_ms,
  };
}

/** When the check after number `checks` is due if all goes well: what a claim writes ahead, so that most checks need no save. */
export function plannedDueAt(job: Job, checks: number, claimed_at_ms: number, consecutive_errors: number): number {
  const { spec } = job;
  const counted = checks - (spec.first_check === 'now' ? 1 : 0);
  // The count of a job that was quiet is lost with the process: its age says how far the ramp was climbed.
  const k = Math.max(counted, rampedBy((claimed_at_ms - job.started_at_ms) / 1000));
  const ramped = rampedSeconds(k, spec.interval_seconds, spec.kind.pace);
  const hurried = isCancelling(job) ? Math.min(ramped, Math.max(5, spec.kind.pace.floor_seconds ?? 0)) : ramped;
  const delay_seconds = backedOffSeconds(hurried, consecutive_errors);
  return Math.min(claimed_at_ms + delay_seconds * 1000, job.deadline_at_ms);
}

/** When to look again. A `Retry-After` that no carrier would have come before is not kept: it would cost a save a check. */
function nextLook(
  job: Job,
  patch: StatePatch,
  retry_after_seconds: number | null,
  now_ms: number,
): { not_before_ms: number; due_at_ms: number } {
  const { state, spec } = job;
  const errors = patch.consecutive_errors ?? state.consecutive_errors;
  const claimed_at_ms = state.claimed_at_ms ?? now_ms;
  const planned_ms = plannedDueAt(job, state.checks, claimed_at_ms, errors);
  // A heartbeat that carries the checks comes after half an interval at the soonest.
  const soonest_ms = chainCarries(spec)
    ? planned_ms
    : Math.min(planned_ms, claimed_at_ms + spec.interval_seconds * 500);
  // The last check is made at the deadline, even against a Retry-After: a verdict is owed by then.
  const last_ms = Math.max(job.deadline_at_ms, now_ms + 1000);
  const asked_ms = Math.min(now_ms + (retry_after_seconds ?? 0) * 1000, last_ms);
  const due_at_ms = Math.min(Math.max(planned_ms, asked_ms, now_ms + 1000), last_ms);
  return { not_before_ms: asked_ms > Math.max(soonest_ms, now_ms) ? asked_ms : 0, due_at_ms };
}

function settle(
  job: Job,
  look: Look,
  status: Exclude<Status, 'running'>,
  reason: Reason | null,
  now_ms: number,
  ours: string | null = null,
  patch: StatePatch = {},
): Decision {
  const { state } = job;
  const word = wordIn(job, look);
  const answered = seenBy(job, look);
  const seen = answered ?? job.seen;
  // What this answer says of the end, else our own words for it: what was said on the way says nothing of how it ended.
  const onTheWay = look.each !== undefined && ours !== null;
  const theirs = answered === null || onTheWay || reason === 'internal_error' ? null : seen.message;
  const words = theirs ?? ours ?? seen.message;
  const progress_pct =
    status === 'complete' && (look.progress_pct ?? state.progress_pct) !== null
      ? 100
      : (look.progress_pct ?? state.progress_pct);
  return {
    state: {
      ...patch,
      ...settledAs(status, reason, now_ms),
      upstream_state: word ?? state.upstream_state,
      progress_pct,
      next_check_at_ms: now_ms,
    },
    seen: { ...seen, message: words },
    tell: ['settled'],
    due_at_ms: null,
  };
}
