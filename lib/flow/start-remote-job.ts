import { faultTypeOf } from '../core/acceptors.ts';
import { leaseMs } from '../core/cadence.ts';
import { plannedDueAt } from '../core/decide.ts';
import { InvariantError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isTerminal, refOf, withWarning } from '../core/job.ts';
import type { Observation } from '../core/observation.ts';
import { readStartAnswer, type StartAnswer } from '../core/start-answer.ts';
import { deathOf } from '../core/verdict.ts';
import type { Ports, Settings, Written } from '../ports.ts';
import { callStarter } from './call-remote.ts';
import { settleJob } from './settle-job.ts';

type StartPorts = Pick<Ports, 'jobs' | 'schedules' | 'events' | 'announcements' | 'transports' | 'clock'>;

/** Longer than the starter's own limit: a claim that has run out means that whoever held it is gone. */
const starterClaimMs = 35_000;

/** What is said of a start that may have happened, and where to read on. */
export const unknownBeginning = 'it is not known whether the remote job began: next_step says how to look';

/**
 * What came of it, with the job as it stands then. `claimed`: it has begun, and its first check is the caller's to make.
 * `elsewhere`: somebody else has the right to start it, or it has begun; the next tick is theirs to send.
 */
export type Started = { came: 'begun' | 'claimed' | 'postponed' | 'settled' | 'elsewhere'; job: Job };

/** Takes the one right to call the starter: whoever has it, and nobody else, may say what became of the start. */
export const claimStarter = (ports: Pick<Ports, 'jobs' | 'clock'>, job: Job): Promise<Written> =>
  ports.jobs.claimStarter(refOf(job), ports.clock.now() + starterClaimMs);

/**
 * Starts the remote job, at most once whatever crashes: the claim is durable before the call, and once a call may have
 * left us it is never given back. When `checks` says so then, the first check is claimed in the write that records the handle.
 */
export async function startRemoteJob(
  ports: StartPorts,
  settings: Settings,
  job: Job,
  budget_ms: number,
  checks: () => boolean = () => false,
): Promise<Started> {
  const { start } = job.spec.kind;
  if (start === null) throw new InvariantError(`${job.job_id} is to be started, but its kind has no start call`);
  const claimed = await claimStarter(ports, job);
  if (!claimed.written) return { came: 'elsewhere', job: claimed.job ?? job };
  const observation = await callStarter(ports, job.spec, start, budget_ms);
  if (!observation.answered && observation.postponed)
    return { came: 'postponed', job: await giveClaimBack(ports, claimed.job, observation.retry_after_seconds ?? 1) };
  const answer = readStartAnswer(job.spec.kind, observation);
  if (answer.ok) return recordHandle(ports, claimed.job, answer, job.spec.first_check === 'now' && checks());
  const unclear = isUnclear(observation);
  const settled = await settleJob(ports, settings, claimed.job, {
    status: 'failed',
    reason: unclear ? 'start_unknown' : 'start_rejected',
    message: unclear ? `${answer.message}; ${unknownBeginning}` : answer.message,
    ...deathOf(observation),
    expected_checks: null,
  });
  return { came: 'settled', job: settled.job ?? claimed.job };
}

/** Our own rate budget held the call back: nothing left us, so that the next tick may start. */
async function giveClaimBack(ports: StartPorts, job: Job, seconds: number): Promise<Job> {
  const now_ms = ports.clock.now();
  const next_check_at_ms = Math.max(Math.min(now_ms + seconds * 1000, job.deadline_at_ms), now_ms + 1000);
  const state = { starter_claimed_until_ms: null, next_check_at_ms };
  const written = await ports.jobs.save({ ref: refOf(job), expected_checks: null, state, owe: [] });
  return written.job ?? job;
}

async function recordHandle(
  ports: StartPorts,
  job: Job,
  { handle, warning }: Extract<StartAnswer, { ok: true }>,
  claims: boolean,
): Promise<Started> {
  const now_ms = ports.clock.now();
  const warned = warning === null ? {} : { warnings: withWarning(job.state.warnings, warning) };
  const begun = { phase: 'polling' as const, begun_at_ms: now_ms, starter_claimed_until_ms: null, ...warned };
  const change = { ref: refOf(job), owe: [], handle };
  const { written, job: saved = job } = claims
    ? await ports.jobs.save({
        ...change,
        expected_checks: 0,
        takes_check: true,
        state: {
          ...begun,
          claimed_at_ms: now_ms,
          lease_until_ms: now_ms + leaseMs,
          next_check_at_ms: plannedDueAt(job, 1, now_ms, 0),
          unsaved_claims: 1,
        },
      })
    : await ports.jobs.save({
        ...change,
        expected_checks: null,
        state: {
          ...begun,
          next_check_at_ms: job.spec.first_check === 'now' ? now_ms : plannedDueAt(job, 0, now_ms, 0),
        },
      });
  return { came: claims && written ? 'claimed' : 'begun', job: saved };
}

/** 5xx, a lost connection, a time-out, an answer nobody can read: the remote side may have begun. A refusal, and what never left us, did not. */
function isUnclear(observation: Observation): boolean {
  if (!observation.answered) return observation.sent;
  if (observation.http_status < 300 && observation.unparseable !== null) return true;
  return faultTypeOf(observation) === 'server_error';
}

/** Whether a tick must first see to the start: the remote job has not begun as far as the record knows. */
export const isStarting = (job: Job): boolean => !isTerminal(job) && job.spec.starts && job.handle === null;
