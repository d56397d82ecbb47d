import type { Job } from '../core/job.ts';
import { isTerminal, refOf } from '../core/job.ts';
import type { Ports, Settings } from '../ports.ts';
import { ownedJob } from './get-job.ts';
import { finishJob, settleJob } from './settle-job.ts';

type CancelPorts = Pick<Ports, 'jobs' | 'schedules' | 'ticks' | 'events' | 'announcements' | 'clock'>;

/** `remote: false` stops watching and leaves the remote job alone. */
export type CancelCall = { owner: string; job_id: string; remote: boolean };

/** Writes the wish and wakes the job; only its tick calls the remote side. A terminal job is returned as it is. Throws RequestError JOB_NOT_FOUND. */
export async function cancelJob(ports: CancelPorts, settings: Settings, call: CancelCall): Promise<Job> {
  const job = await ownedJob(ports, call.owner, call.job_id);
  if (isTerminal(job)) return finishJob(ports, settings, job);
  if (!call.remote || job.spec.kind.cancel === null) return stopWatching(ports, settings, job, call.remote);
  const now_ms = ports.clock.now();
  const wished = await ports.jobs.wishCancel(refOf(job), now_ms);
  if (wished.written)
    await ports.ticks.send({ ...refOf(job), carrier: 'chain', expected_checks: null, due_at_ms: now_ms });
  return wished.job ?? job;
}

/** Settles at once, and says what was not done. */
async function stopWatching(ports: CancelPorts, settings: Settings, job: Job, wanted: boolean): Promise<Job> {
  const why = wanted ? 'this kind of job cannot be cancelled' : 'as you asked';
  const warning = `stopped watching; the remote job was not cancelled (${why}) and may still be going on`;
  const settled = await settleJob(ports, settings, job, {
    status: 'cancelled',
    reason: 'cancelled_by_caller',
    message: null,
    warning,
    expected_checks: null,
  });
  return settled.job ?? job;
}
