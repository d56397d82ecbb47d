import { setImmediate } from 'node:timers/promises';
import type { Job } from '../core/job.ts';

/** Jobs on their way again: `ended` when all are; rejects where one cannot be read. */
export type TakingUp = { ended: Promise<void>; stop(): void };

/** Resumes the jobs of the first slice at once, throwing what is thrown, and those of the others one slice a turn of the event loop: between them checks go out. */
export function takeUp(slices: Iterable<readonly Job[]>, resume: (job: Job) => void): TakingUp {
  const iterator = slices[Symbol.iterator]();
  let stopped = false;

  function next(): boolean {
    if (stopped) return false;
    const { done, value } = iterator.next();
    for (const job of value ?? []) resume(job);
    return done !== true;
  }
  async function rest(): Promise<void> {
    do await setImmediate();
    while (next());
  }
  next();
  return {
    ended: rest(),
    stop: () => {
      stopped = true;
      iterator.return?.();
    },
  };
}
