import { faultTypeOf } from '../core/acceptors.ts';
import { plannedDueAt } from '../core/decide.ts';
import { InvariantError } from '../core/errors.ts';
import { valueAt } from '../core/jmespath.ts';
import type { Handle, Job } from '../core/job.ts';
import { isTerminal, refOf } from '../core/job.ts';
import { cutText, textAt } from '../core/looked-at.ts';
import type { Answer, Observation } from '../core/observation.ts';
import type { Ports, Settings, Written } from '../ports.ts';
import { callStarter } from './look-at-job.ts';
import { settleJob } from './settle-job.ts';

type StartPorts = Pick<Ports, 'jobs' | 'schedules' | 'events' | 'announcements' | 'transports' | 'clock'>;

/** Longer than the starter's own limit: a claim that has run out means that whoever held it is gone. */
const starterClaimMs = 35_000;
const maxIdLength = 2048;

/** What came of it, with the job as it stands then. `elsewhere`: somebody else has the right to start it, or it has begun; the next tick is theirs to send. */
export type Started = { came: 'begun' | 'postponed' | 'settled' | 'elsewhere'; job: Job };

/** Takes the one right to call the starter: whoever has it, and nobody else, may say what became of the start. */
export const claimStarter = (ports: Pick<Ports, 'jobs' | 'clock'>, job: Job): Promise<Written> =>
  ports.jobs.claimStarter(refOf(job), ports.clock.now() + starterClaimMs);

/**
 * Starts the remote job, at most once whatever crashes: the claim is durable before the call, and once a call may have
 * left us it is never given back.
 */
export async function startRemoteJob(
  ports: StartPorts,
  settings: Settings,
  job: Job,
  budget_ms: number,
): Promise<Started> {
  const { start } = job.spec.kind;
  if (start === null) throw new InvariantError(`${job.job_id} is to be started, but its kind has no start call`);
  const claimed = await claimStarter(ports, job);
  if (!claimed.written) return { came: 'elsewhere', job: claimed.job ?? job };
  const observation = await callStarter(ports, job.spec, start, budget_ms);
  if (!observation.answered && observation.postponed)
    return { came: 'postponed', job: await giveClaimBack(ports, claimed.job, observation.retry_after_seconds ?? 1) };
  const handle = readHandle(claimed.job, observation);
  if (typeof handle !== 'string') return { came: 'begun', job: await recordHandle(ports, claimed.job, handle) };
  const reason = isUnclear(observation) ? 'start_unknown' : 'start_rejected';
  const settled = await settleJob(ports, settings, claimed.job, {
    status: 'failed',
    reason,
    message: handle,
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

async function recordHandle(ports: StartPorts, job: Job, handle: Handle): Promise<Job> {
  const now_ms = ports.clock.now();
  const state = { phase: 'polling' as const, begun_at_ms: now_ms, starter_claimed_until_ms: null };
  const next_check_at_ms = job.spec.first_check === 'now' ? now_ms : plannedDueAt(job, 0, now_ms, 0);
  const written = await ports.jobs.save({
    ref: refOf(job),
    expected_checks: null,
    state: { ...state, next_check_at_ms },
    owe: [],
    handle,
  });
  return written.job ?? job;
}

/** 5xx, a lost connection, a time-out: the remote side may have begun. A refusal, and what never left us, did not. */
function isUnclear(observation: Observation): boolean {
  if (!observation.answered) return observation.sent;
  return faultTypeOf(observation) === 'server_error';
}

/** The handle's values off the start answer, or why there is none, in the remote system's words where it has any. */
function readHandle(job: Job, observation: Observation): Handle | string {
  const { kind } = job.spec;
  if (!observation.answered) return `the start call failed: ${observation.message}`;
  const said = (fallback: string): string => wordsOf(observation, kind.paths.message) ?? fallback;
  if (observation.error !== undefined) return observation.error.message;
  if (observation.http_status >= 400) return said(`the start call was answered with HTTP ${observation.http_status}`);
  const handle: Handle = {};
  for (const [name, source] of Object.entries(kind.handle)) {
    const value =
      typeof source === 'string'
        ? observation.body === undefined
          ? null
          : valueAt(observation.body, source)
        : (source.header.map((header) => observation.links[header.toLowerCase()]).find((link) => link !== undefined) ??
          null);
    if (value === null || value === '' || typeof value === 'object' || String(value).length > maxIdLength) {
      const where = typeof source === 'string' ? `at ${JSON.stringify(source)}` : `in ${source.header.join(', ')}`;
      return said(
        `the start call was answered with HTTP ${observation.http_status}, but without a usable id "${name}" ${where}`,
      );
    }
    handle[name] = value;
  }
  return handle;
}

/** Where remote systems commonly put their reason, when the kind does not say. */
const wordPaths = ['error.message', 'message', 'detail', 'title', 'error', 'errors[0].message'];

function wordsOf(answer: Answer, path: string | undefined): string | null {
  if (answer.body === undefined) return null;
  if (typeof answer.body === 'string') return cutText(answer.body, 2048);
  for (const candidate of path === undefined ? wordPaths : [path, ...wordPaths]) {
    const words = textAt(answer.body, candidate);
    if (words !== null) return words;
  }
  return null;
}

/** Whether a tick must first see to the start: the remote job has not begun as far as the record knows. */
export const isStarting = (job: Job): boolean => !isTerminal(job) && job.spec.starts && job.handle === null;
