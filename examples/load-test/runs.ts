import { conductRun } from './conduct-run.ts';
import { createRun, endRun, isOver, type Run, secondsOf } from './run.ts';
import type { RunRequest } from './run-request.ts';

/** Every run this process knows. */
export interface Runs {
  /** Begins a run, or says in how many whole seconds a slot should be free. */
  begin(request: RunRequest): { run: Run } | { retryAfterSeconds: number };
  find(id: string): Run | undefined;
  /** Newest first. */
  list(): Run[];
  stopAll(): void;
}

/** Keeps runs in memory: at most `maxActive` under way and `maxKept` in all, the oldest finished ones go first. */
export function createRuns(limits: { maxActive: number; maxKept: number }): Runs {
  const runs = new Map<string, Run>();
  const active = () => [...runs.values()].filter((run) => !isOver(run));

  function forgetOldest(): void {
    for (const run of runs.values()) {
      if (runs.size <= limits.maxKept) return;
      if (isOver(run)) runs.delete(run.id);
    }
  }

  return {
    begin(request) {
      const underWay = active();
      if (underWay.length >= limits.maxActive) {
        const remaining = underWay.map((run) => run.request.duration_seconds - secondsOf(run));
        return { retryAfterSeconds: Math.max(1, Math.ceil(Math.min(...remaining))) };
      }
      const run = createRun(request);
      runs.set(run.id, run);
      forgetOldest();
      setImmediate(() => void conductRun(run)); // after the answer, which shows CREATED
      return { run };
    },
    find: (id) => runs.get(id),
    list: () => [...runs.values()].reverse(),
    stopAll() {
      for (const run of active()) endRun(run, 'ABORTED');
    },
  };
}
