import { checkBudgetMs, leaseMs, maxUnsavedClaims } from '../core/cadence.ts';
import { plannedDueAt } from '../core/decide.ts';
import type { Job } from '../core/job.ts';
import { isTerminal, refOf } from '../core/job.ts';
import type { Look } from '../core/look.ts';
import { planTick, type TickPlan } from '../core/tick-plan.ts';
import { worthSaving } from '../core/worth-saving.ts';
import type { Ports, Settings, Tick } from '../ports.ts';
import { isWishOpen } from './cancel-remote-job.ts';
import { type Checked, checkJob } from './check-job.ts';
import { resumeStart } from './resume-start.ts';
import { sendNext } from './send-next-tick.ts';
import { finishJob, owe, owesNothing, payOwed, settleJob } from './settle-job.ts';
import { isStarting } from './start-remote-job.ts';

/** Everything a tick touches; as an IAM policy: read and write jobs, delete their schedule, send ticks, announce, call out. */
export type TickPorts = Pick<
  Ports,
  'jobs' | 'schedules' | 'ticks' | 'events' | 'announcements' | 'transports' | 'clock'
>;

/** A read can be this much older than the last write. */
const freshMs = 60_000;

/** Clocks of two machines differ by less; one that was set back by more has left its leases behind. */
const skewMs = 60_000;

/** What a tick came to, for logs and metrics. `job` is the record afterwards, undefined when it is gone. */
export type TickReport = {
  outcome: 'gone' | 'dropped' | 'resent' | 'finished' | 'starting' | 'lost_claim' | 'checked' | 'settled';
  why?: string;
  job: Job | undefined;
  verdict?: Look['verdict']['type'];
};

/** One wake-up for one job: pay what is owed, claim, check, decide, save what changed, send the next tick. */
export async function runTick(
  ports: TickPorts,
  settings: Settings,
  tick: Tick,
  budget_ms = checkBudgetMs,
): Promise<TickReport> {
  const loaded = await ports.jobs.load(tick.job_id);
  if (loaded === undefined) return leaveGone(ports, tick);
  if (loaded.generation_ms !== tick.generation_ms)
    return { outcome: 'gone', why: 'a tick of an earlier job with this id', job: loaded };
  if (isTerminal(loaded)) return { outcome: 'finished', job: await finishJob(ports, settings, loaded) };
  const job = owesNothing(loaded) ? loaded : await payOwed(ports, settings, loaded);
  if (isStarting(job)) return resumeStart(ports, settings, job, tick, budget_ms);

  const plan = planTick(job, tick, ports.clock.now());
  if (plan.do === 'drop') return { outcome: 'dropped', why: plan.why, job };
  if (plan.do === 'resend') {
    await ports.ticks.send({ ...tick, due_at_ms: plan.at_ms });
    return { outcome: 'resent', job };
  }
  return claimAndCheck(ports, settings, job, plan, budget_ms);
}

/** A job without a record has ended long ago; but the read may be older than a record that was just written. */
async function leaveGone(ports: TickPorts, tick: Tick): Promise<TickReport> {
  const now_ms = ports.clock.now();
  if (now_ms - tick.generation_ms >= freshMs) {
    await ports.schedules.delete(refOf(tick));
    return { outcome: 'gone', job: undefined };
  }
  if (tick.carrier === 'chain') await ports.ticks.send({ ...tick, due_at_ms: now_ms + 1000 });
  return { outcome: 'resent', why: 'the record is too new to be gone', job: undefined };
}

async function claimAndCheck(
  ports: TickPorts,
  settings: Settings,
  job: Job,
  plan: Extract<TickPlan, { do: 'check' }>,
  budget_ms: number,
): Promise<TickReport> {
  const unsaved_claims = plan.proven ? 1 : job.state.unsaved_claims + 1;
  if (unsaved_claims > maxUnsavedClaims) {
    const message = `${maxUnsavedClaims} checks in a row began and were never heard of again`;
    const settled = await settleJob(ports, settings, job, {
      status: 'failed',
      reason: 'internal_error',
      message,
      expected_checks: job.state.checks,
    });
    return { outcome: 'settled', job: settled.job };
  }
  const now_ms = ports.clock.now();
  if (!plan.proven && job.state.lease_until_ms > now_ms + leaseMs + skewMs) return cutLease(ports, job, now_ms);
  const claimed = await ports.jobs.claim({
    ref: refOf(job),
    expected_checks: job.state.checks,
    proven: plan.proven,
    now_ms,
    lease_until_ms: now_ms + leaseMs,
    next_check_at_ms: plannedDueAt(job, job.state.checks + 1, now_ms, job.state.consecutive_errors),
    unsaved_claims,
  });
  if (!claimed.written) return { outcome: 'lost_claim', job: claimed.job };
  return makeCheck(ports, settings, claimed.job, budget_ms);
}

/** The check of a claim in hand: look, save what changed, and the next tick, or the end. */
export async function makeCheck(
  ports: TickPorts,
  settings: Settings,
  claimed: Job,
  budget_ms: number,
): Promise<TickReport> {
  return record(ports, settings, claimed, await checkJob(ports, settings, claimed, budget_ms));
}

/** No lease reaches this far ahead: the clock was set back since. Its check may be under way all the same, so that the next tick looks. */
async function cutLease(ports: TickPorts, job: Job, now_ms: number): Promise<TickReport> {
  const state = { lease_until_ms: now_ms + leaseMs };
  const written = await ports.jobs.save({ ref: refOf(job), expected_checks: job.state.checks, state, owe: [] });
  return { outcome: 'lost_claim', why: 'the clock was set back', job: written.job };
}

/** Saves what changed, on the number of the check; then the next tick, or the end. */
async function record(ports: TickPorts, settings: Settings, job: Job, decision: Checked): Promise<TickReport> {
  const { verdict } = decision;
  const now_ms = ports.clock.now();
  let saved = job;
  if (worthSaving(job, decision, settings.limits.progress_save_ms, now_ms)) {
    const written = await ports.jobs.save({
      ref: refOf(job),
      expected_checks: job.state.checks,
      state: {
        lease_until_ms: 0,
        unsaved_claims: 0,
        ...decision.state,
        progress_saved_at_ms: now_ms,
        events: job.state.events + decision.tell.length,
      },
      owe: owe(job, decision.tell, decision.state.settled_at_ms ?? now_ms),
      ...(decision.seen === null ? {} : { seen: decision.seen }),
    });
    // Somebody settled meanwhile, or took the job over after our lease: what we saw is theirs to decide.
    if (!written.written) return { outcome: 'lost_claim', job: written.job, verdict: lookedAt(verdict) };
    saved = written.job;
  }
  if (decision.due_at_ms === null)
    return { outcome: 'settled', job: await finishJob(ports, settings, saved), verdict: lookedAt(verdict) };
  // A wish that came during the check need not wait for the next one.
  const wishedMeanwhile = isWishOpen(saved) && !isWishOpen(job);
  await sendNext(ports, saved, wishedMeanwhile ? now_ms : decision.due_at_ms);
  const paid = owesNothing(saved) ? saved : await payOwed(ports, settings, saved);
  return { outcome: 'checked', job: paid, verdict: lookedAt(verdict) };
}

const lookedAt = (verdict: Checked['verdict']): Look['verdict']['type'] => (verdict === 'blocked' ? 'going' : verdict);
