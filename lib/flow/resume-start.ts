import { earlyMs } from '../core/cadence.ts';
import { isTerminal, type Job } from '../core/job.ts';
import type { Settings, Tick } from '../ports.ts';
import type { TickPorts, TickReport } from './run-tick.ts';
import { sendNext } from './send-next-tick.ts';
import { settleJob } from './settle-job.ts';
import { claimStarter, startRemoteJob, unknownBeginning } from './start-remote-job.ts';

type Ending = {
  status: 'failed' | 'cancelled';
  reason: 'start_unknown' | 'cancelled_by_caller' | 'timed_out';
  message: string;
};

const unknown: Ending = {
  status: 'failed',
  reason: 'start_unknown',
  message: `we stopped while the start call was under way; ${unknownBeginning}`,
};

/** Why a job that nobody has begun to start is not to be started any more. */
function endingOf(job: Job, now_ms: number): Ending | undefined {
  if (job.state.cancel_requested_at_ms !== null)
    return { status: 'cancelled', reason: 'cancelled_by_caller', message: 'cancelled before it was started' };
  if (now_ms >= job.deadline_at_ms)
    return { status: 'failed', reason: 'timed_out', message: 'the deadline passed before it could be started' };
  return undefined;
}

/**
 * A job whose remote side has not begun, as far as the record knows: the process that was to start it may be gone.
 *
 *   claimed, the claim lives  → somebody is at it: leave it
 *   claimed, it has run out   → start_unknown: whoever held it is gone, and may have called
 *   unclaimed                 → claim; then start it, or settle it when it is not wanted any more or too late
 */
export async function resumeStart(
  ports: TickPorts,
  settings: Settings,
  job: Job,
  tick: Tick,
  budget_ms: number,
): Promise<TickReport> {
  const now_ms = ports.clock.now();
  const settle = async (current: Job, ending: Ending): Promise<TickReport> => {
    const settled = await settleJob(ports, settings, current, { ...ending, expected_checks: null });
    return { outcome: 'settled', job: settled.job };
  };
  const { starter_claimed_until_ms, next_check_at_ms } = job.state;
  if (starter_claimed_until_ms !== null)
    return now_ms < starter_claimed_until_ms ? { outcome: 'starting', job } : settle(job, unknown);

  const ending = endingOf(job, now_ms);
  if (ending !== undefined) {
    // Only with the claim in hand is it sure that nobody starts it meanwhile.
    const claimed = await claimStarter(ports, job);
    return claimed.written ? settle(claimed.job, ending) : { outcome: 'starting', job: claimed.job };
  }
  if (now_ms < next_check_at_ms - earlyMs) {
    // A tick for a time before was followed by another one already.
    if (tick.carrier !== 'chain' || tick.due_at_ms < next_check_at_ms) return { outcome: 'starting', job };
    await sendNext(ports, job, next_check_at_ms);
    return { outcome: 'resent', job };
  }
  const { came, job: started } = await startRemoteJob(ports, settings, job, budget_ms);
  if (isTerminal(started)) return { outcome: 'settled', job: started };
  if (came !== 'elsewhere') await sendNext(ports, started, started.state.next_check_at_ms);
  return { outcome: 'starting', job: started };
}
