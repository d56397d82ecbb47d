import { canonicalJson } from '../core/canonical-json.ts';
import { decide, plannedDueAt } from '../core/decide.ts';
import { RequestError } from '../core/errors.ts';
import type { Handle, Job, JobSpec } from '../core/job.ts';
import { isTerminal, newJob, refOf } from '../core/job.ts';
import { readStartRequest } from '../core/start-request.ts';
import type { Ports, Settings } from '../ports.ts';
import { estimateJob } from './estimate-job.ts';
import { lookAtJob } from './look-at-job.ts';
import { makeCheck, type TickPorts } from './run-tick.ts';
import { sendNext } from './send-next-tick.ts';
import { finishJob, owe, owesNothing } from './settle-job.ts';
import { startRemoteJob } from './start-remote-job.ts';

/** A tick's ports, and names for new jobs. */
export type StartPorts = TickPorts & Pick<Ports, 'ids'>;

/** `body` is what the caller sent, unread. The key makes a repeated call find the same job. */
export type StartCall = { owner: string; idempotency_key: string | null; body: unknown };

/** All remote calls of one request together, ms; the starter needs ten seconds of it, a first check five. */
const requestBudgetMs = 20_000;
const starterNeedsMs = 10_000;
const firstCheckNeedsMs = 5_000;
const firstHeartbeatMs = 60_000;
/** A schedule that nobody deleted ends by itself a day after the deadline. */
const scheduleTailMs = 86_400_000;

/**
 * Takes a job over: record, heartbeat, then start it or look at it, and the first tick.
 * Throws RequestError: INVALID_REQUEST, TOO_MANY_ACTIVE_JOBS, IDEMPOTENCY_KEY_REUSED, START_REJECTED, FIRST_CHECK_FAILED, TARGET_NOT_ALLOWED, UNAVAILABLE.
 */
export async function startJob(ports: StartPorts, settings: Settings, call: StartCall): Promise<Job> {
  const begun_ms = ports.clock.now();
  const left = (): number => requestBudgetMs - (ports.clock.now() - begun_ms);
  const read = readStartRequest(call.body, settings);
  if (!read.ok)
    throw new RequestError('INVALID_REQUEST', `the request has ${read.problems.length} problem(s)`, {
      problems: read.problems,
    });
  const key = call.idempotency_key;
  const job_id = `job_${key === null ? ports.ids.random() : ports.ids.derive(`${call.owner}\0${key}`)}`;
  const asked: JobSpec =
    key === null ? read.spec : { ...read.spec, fingerprint: ports.ids.derive(canonicalJson(call.body)) };

  // The latest: a job that is not there is looked for once, not twice.
  const known = key === null ? undefined : await ports.jobs.load(job_id, { latest: true });
  if (known !== undefined) return sameJob(ports, settings, known, asked);
  const most = settings.limits.max_active_jobs_per_owner;
  if ((await ports.jobs.countActive(call.owner, most)) >= most)
    throw new RequestError(
      'TOO_MANY_ACTIVE_JOBS',
      `you have ${most} running jobs, which is the limit; cancel some or wait for one to end`,
      { retry_after_ms: 60_000 },
    );

  const { spec, warnings } =
    read.to_estimate === null ? { spec: asked, warnings: [] } : await estimateJob(ports, asked, read.to_estimate);
  const now_ms = ports.clock.now();
  const fresh = newJob({
    job_id,
    owner: call.owner,
    now_ms,
    spec,
    handle: read.handle,
    first_check_at_ms: now_ms,
    warnings,
  });
  const proposed = read.handle === null ? fresh : await adopted(ports, settings, fresh, read.handle, left());
  if (spec.starts && left() < starterNeedsMs)
    throw new RequestError('UNAVAILABLE', 'too slow to start the job within this request; nothing was started', {
      retry_after_ms: 1000,
    });
  const { created, job } = await ports.jobs.create(proposed);
  if (!created) return sameJob(ports, settings, job, asked);
  await createSchedule(ports, job);
  return acknowledged(ports, job, begin(ports, settings, job, left));
}

/** Record and heartbeat are there: whatever else fails now, the job is ours, and an error would say that it is not. */
async function acknowledged(ports: StartPorts, job: Job, begun: Promise<Job>): Promise<Job> {
  try {
    return await begun;
  } catch (error) {
    if (error instanceof RequestError && error.code === 'START_REJECTED') throw error;
    const written = await ports.jobs.load(job.job_id).catch(() => undefined);
    if (written === undefined) throw error;
    return written;
  }
}

/** The heartbeat, first after a minute: it takes over if everything after this line is lost. */
const createSchedule = (ports: StartPorts, job: Job): Promise<void> =>
  ports.schedules.create({
    ref: refOf(job),
    interval_seconds: job.spec.heartbeat_seconds,
    first_at_ms: job.started_at_ms + firstHeartbeatMs,
    end_at_ms: job.deadline_at_ms + scheduleTailMs,
  });

/** After record and schedule: start what is to be started, then the first check, in the time that is left. */
async function begin(ports: StartPorts, settings: Settings, job: Job, left: () => number): Promise<Job> {
  if (isTerminal(job)) return finishJob(ports, settings, job);
  if (!job.spec.starts) {
    await sendNext(ports, job, job.state.next_check_at_ms);
    return owesNothing(job) ? job : finishJob(ports, settings, job);
  }
  // Too slow so far: a call that is cut short would leave it unknown whether the job began. The tick has time enough.
  if (left() < starterNeedsMs) {
    await sendNext(ports, job, ports.clock.now());
    return job;
  }
  const inTime = (): boolean => left() >= firstCheckNeedsMs;
  const { came, job: started } = await startRemoteJob(ports, settings, job, left(), inTime);
  if (started.state.reason === 'start_rejected')
    throw new RequestError('START_REJECTED', started.seen.message ?? 'the remote system refused to start the job', {
      job_id: job.job_id,
    });
  if (isTerminal(started) || came === 'elsewhere') return started;
  if (came === 'claimed') return (await makeCheck(ports, settings, started, left())).job ?? started;
  await sendNext(ports, started, started.state.next_check_at_ms);
  return started;
}

/** Looks before anything is written: only what can never work fails the request, and leaves nothing behind. */
async function adopted(
  ports: StartPorts,
  settings: Settings,
  fresh: Job,
  handle: Handle,
  budget_ms: number,
): Promise<Job> {
  const { spec, started_at_ms: now_ms } = fresh;
  if (spec.first_check === 'later' || budget_ms < firstCheckNeedsMs)
    return { ...fresh, state: { ...fresh.state, next_check_at_ms: plannedDueAt(fresh, 0, now_ms, 0) } };
  const claimed: Job = { ...fresh, state: { ...fresh.state, checks: 1, claimed_at_ms: now_ms, unsaved_claims: 0 } };
  const look = await lookAtJob(ports, claimed, handle, budget_ms);
  const { verdict } = look;
  if (verdict.type === 'not_allowed') throw new RequestError('TARGET_NOT_ALLOWED', verdict.message);
  if (verdict.type === 'auth_failed' || verdict.type === 'not_found')
    throw new RequestError('FIRST_CHECK_FAILED', `the first check failed, nothing is watched: ${verdict.message}`);
  const decision = decide(claimed, look, settings.limits.max_checks_per_job, ports.clock.now());
  return {
    ...claimed,
    state: {
      ...claimed.state,
      ...decision.state,
      events: decision.tell.length,
      owed: owe(claimed, decision.tell, decision.state.settled_at_ms ?? ports.clock.now()),
    },
    seen: decision.seen ?? claimed.seen,
  };
}

/** A repeated key: the same request finds its job, healed where a crash cut it short; another request is refused. */
async function sameJob(ports: StartPorts, settings: Settings, job: Job, spec: JobSpec): Promise<Job> {
  if (job.spec.fingerprint !== spec.fingerprint)
    throw new RequestError(
      'IDEMPOTENCY_KEY_REUSED',
      'this idempotency key came with another request before; use a new key for a new job',
      { job_id: job.job_id },
    );
  if (isTerminal(job)) return finishJob(ports, settings, job);
  await createSchedule(ports, job);
  if (job.state.checks === 0) await sendNext(ports, job, job.state.next_check_at_ms);
  return job;
}
