import { type Job, type JobState, untouched } from '../core/job.ts';
import type { ResolvedKind } from '../core/kind.ts';

/** A job as its row keeps it, but for its kind, which is kept apart: JSON that never changes, that often does, that seldom does. */
export type JobTexts = { record: string; hot: string; seen: string };

export const recordOf = ({ state: _state, handle: _handle, seen: _seen, ...record }: Job): string =>
  JSON.stringify({ ...record, spec: { ...record.spec, kind: undefined } });

/** Of the state only what is not as in a job to which nothing has happened yet: most of it. */
export const hotOf = ({ state, handle }: Job): string => JSON.stringify({ state: touchedOf(state), handle });

export const seenOf = ({ seen }: Job): string => JSON.stringify(seen);

const stateKeys = Object.keys(untouched) as (keyof JobState)[]; // untouched is a whole JobState

function touchedOf(state: JobState): Partial<JobState> {
  const touched: Record<string, unknown> = {};
  for (const key of stateKeys) {
    const value = state[key];
    const same = Array.isArray(value) ? value.length === 0 : value === untouched[key];
    if (!same) touched[key] = value;
  }
  return touched;
}

/** The job that was written so. What an earlier version did not write yet is as in an untouched job. */
export function jobOf({ record, hot, seen }: JobTexts, kind: ResolvedKind): Job {
  const { spec, ...rest }: Omit<Job, 'state' | 'handle' | 'seen'> = JSON.parse(record);
  const { state, handle }: { state: Partial<JobState>; handle: Job['handle'] } = JSON.parse(hot);
  return { ...rest, spec: { ...spec, kind }, state: { ...untouched, ...state }, handle, seen: JSON.parse(seen) };
}
