import { chainCarries, chainGraceMs, earlyMs } from './cadence.ts';
import type { Job } from './job.ts';

/** What a wake-up is good for. `proven`: the tick itself shows that the check before has ended. */
export type TickPlan = { do: 'check'; proven: boolean } | { do: 'resend'; at_ms: number } | { do: 'drop'; why: string };

/** How often a wish asks whether the lease that holds it has ended. */
const wishRestMs = 10_000;

type Wake = { carrier: 'chain' | 'heartbeat'; expected_checks: number | null };

/**
 * Says what a tick does with a running job.
 *
 *   chain n ── number is n? ── higher → drop (a duplicate or a late one: the check was made)   lower → an old read: re-send
 *                 │ yes, and due (or early by < 2 s) → check      early → re-send, never drop
 *   chain without a number (a cancel wish, or a job found at boot) → check if there is a wish to pass on or the check is due,
 *                 as soon as no lease is live, unless a numbered one comes first
 *   heartbeat ── it carries the checks (an interval of a minute and more): half an interval after the last one
 *             └─ the chain carries them: only when the chain is broken, that is 15 s after the due time
 */
export function planTick(job: Job, tick: Wake, now_ms: number): TickPlan {
  const { state, spec } = job;
  // Before the last claim: the clock jumped back, and waiting for it to catch up could take hours.
  const clockJumpedBack = now_ms < (state.claimed_at_ms ?? job.started_at_ms);
  const leased = state.lease_until_ms > now_ms && !clockJumpedBack;
  const wished = state.cancel_requested_at_ms !== null && state.cancel_outcome === null;
  if (tick.carrier === 'chain' && tick.expected_checks !== null) {
    // The record is older than the tick: a read may trail the last write.
    if (tick.expected_checks > state.checks) return { do: 'resend', at_ms: now_ms + 1000 };
    if (tick.expected_checks < state.checks) return { do: 'drop', why: `check ${tick.expected_checks + 1} was made` };
    const early = now_ms < state.next_check_at_ms - earlyMs && !clockJumpedBack && !wished;
    return early ? { do: 'resend', at_ms: state.next_check_at_ms } : { do: 'check', proven: true };
  }
  if (tick.carrier === 'chain') {
    // Without a number nothing tells a duplicate from the first: one that is of no use must end here, or they multiply.
    const due = clockJumpedBack || now_ms >= state.next_check_at_ms - earlyMs;
    if (!wished && !due) return { do: 'drop', why: 'nothing to pass on before the next check' };
    if (!leased) return { do: 'check', proven: false };
    if (!wished) return { do: 'drop', why: 'a check is under way' };
    if (chainCarries(spec) && state.next_check_at_ms <= state.lease_until_ms)
      return { do: 'drop', why: 'the next check passes the wish on' };
    return { do: 'resend', at_ms: Math.min(state.lease_until_ms, now_ms + wishRestMs) };
  }
  if (leased) return { do: 'drop', why: 'a check is under way' };
  if (wished || clockJumpedBack) return { do: 'check', proven: false };
  if (chainCarries(spec))
    return now_ms >= state.next_check_at_ms + chainGraceMs
      ? { do: 'check', proven: false }
      : { do: 'drop', why: 'the chain carries the checks' };
  const rested =
    state.claimed_at_ms === null
      ? now_ms >= state.next_check_at_ms - earlyMs
      : now_ms - state.claimed_at_ms >= (spec.interval_seconds * 1000) / 2;
  return rested && now_ms >= state.not_before_ms
    ? { do: 'check', proven: false }
    : { do: 'drop', why: 'too soon after the last check' };
}

/** When an engine that keeps its own due rows should send this job's heartbeat; at once if the clock jumped back. */
export function heartbeatAt(job: Job, now_ms: number): number {
  const { state, spec } = job;
  if (state.phase === 'starting') return Math.max(state.starter_claimed_until_ms ?? 0, state.next_check_at_ms);
  if (now_ms < (state.claimed_at_ms ?? 0)) return now_ms;
  const carries = !chainCarries(spec);
  const due_ms = carries
    ? Math.max(state.next_check_at_ms, state.not_before_ms)
    : state.next_check_at_ms + chainGraceMs;
  return Math.max(due_ms, state.lease_until_ms);
}
