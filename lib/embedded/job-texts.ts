import { type Job, type JobSpec, type JobState, unseen, untouched } from '../core/job.ts';
import type { ResolvedKind } from '../core/kind.ts';

/** A job as its row keeps it, but for its kind, which is kept apart: JSON that never changes, that often does, that seldom does. */
export type JobTexts = { record: string; hot: string; seen: string };

type JobRecord = Omit<Job, 'state' | 'handle' | 'seen' | 'spec'> & {
  spec: Omit<JobSpec, 'kind'> & { kind: undefined };
};

/** Field by field: rest and spread would copy the job to leave three out. */
export function recordOf(job: Job): string {
  const record: JobRecord = {
    job_id: job.job_id,
    generation_ms: job.generation_ms,
    schema_version: job.schema_version,
    owner: job.owner,
    started_at_ms: job.started_at_ms,
    deadline_at_ms: job.deadline_at_ms,
    spec: { ...job.spec, kind: undefined },
  };
  return JSON.stringify(record);
}

/** Of the state only what is not as in a job to which nothing has happened yet: most of it. */
export const hotOf = ({ state, handle }: Job): string => JSON.stringify({ state: touchedOf(state), handle });

const unseenText = JSON.stringify(unseen);
export const seenOf = ({ seen }: Job): string => (seen === unseen ? unseenText : JSON.stringify(seen));

function touchedOf(state: JobState): Partial<JobState> {
  const touched: Record<string, unknown> = {};
  // In, not of: to read each by a name out of a list takes twice as long.
  for (const name in state) {
    const key = name as keyof JobState; // it has no others
    const value = state[key];
    if (value !== untouched[key] && !(Array.isArray(value) && value.length === 0)) touched[key] = value;
  }
  return touched;
}

/** The job that was written so. What an earlier version did not write yet is as in an untouched job. */
export function jobOf({ record, hot, seen }: JobTexts, kind: ResolvedKind): Job {
  const { spec, ...rest }: Omit<Job, 'state' | 'handle' | 'seen'> = JSON.parse(record);
  const { state, handle }: { state: Partial<JobState>; handle: Job['handle'] } = JSON.parse(hot);
  return { ...rest, spec: { ...spec, kind }, state: { ...untouched, ...state }, handle, seen: JSON.parse(seen) };
}
