import { describeJob, type JobDescriptor } from '../core/descriptor.ts';
import { RequestError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isTerminal, jobIdPattern } from '../core/job.ts';
import type { Ports, Settings } from '../ports.ts';

type ReadPorts = Pick<Ports, 'jobs' | 'announcements' | 'clock'>;

/**
 * The record, if it is this owner's; a foreign, unknown or malformed id is the same JOB_NOT_FOUND. The latest: who was just
 * told that a job has ended comes to read the outcome, once.
 */
export async function ownedJob(ports: Pick<Ports, 'jobs'>, owner: string, job_id: string): Promise<Job> {
  const job = jobIdPattern.test(job_id) ? await ports.jobs.load(job_id, { latest: true }) : undefined;
  if (job === undefined || job.owner !== owner)
    throw new RequestError('JOB_NOT_FOUND', 'there is no such job; see your jobs with: job list');
  return job;
}

/** The descriptor of a record, with how its announcements fare. */
export async function describeFully(ports: ReadPorts, settings: Settings, job: Job): Promise<JobDescriptor> {
  const announcements = job.state.events === 0 ? [] : await ports.announcements.list(job);
  return describeJob(job, announcements, settings.address, ports.clock.now());
}

/** Phases that a waiting reader is told of at once: it goes wrong, or needs a person. */
const worthTelling = (phase: string | null): boolean => phase === 'blocked' || phase === 'failing';

/**
 * Reads a job; with `wait_ms`, holds the answer until it is terminal, becomes `blocked` or `failing`, or the time is up. Only a change
 * ends the wait: a phase that the reader knows (`told_phase`, or without it the phase when the call came) does not, so that a loop
 * over a blocked job does not spin. Throws RequestError JOB_NOT_FOUND.
 */
export async function getJob(
  ports: ReadPorts,
  settings: Settings,
  call: { owner: string; job_id: string; wait_ms: number; told_phase?: string | undefined },
): Promise<JobDescriptor> {
  const until_ms = ports.clock.now() + call.wait_ms;
  let told: string | null | undefined = call.told_phase;
  for (;;) {
    const job = await ownedJob(ports, call.owner, call.job_id);
    const { phase } = job.state;
    const left_ms = until_ms - ports.clock.now();
    const changed = told !== undefined && phase !== told && worthTelling(phase);
    if (isTerminal(job) || changed || left_ms <= 0) return describeFully(ports, settings, job);
    told = phase;
    await ports.clock.sleep(Math.min(settings.limits.wait_look_ms, left_ms));
  }
}
