import { conductRun } from './conduct-run.ts';
import { createRun, endRun, isOver, type Run, secondsOf } from './run.ts';
import type { RunRequest } from './run-request.ts';

/** Every run this process knows. */
export interface Runs {
  /** Begins a run, or says in how many whole seconds a slot should be free. */
  begin(request: RunRequest): { run: Run } | { retryAfterSeconds: number };
  /** Begins all of them together, or none. */
  beginAll(requests: readonly RunRequest[]): { runs: Run[] } | { retryAfterSeconds: number };
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

  function beginAll(requests: readonly RunRequest[]): { runs: Run[] } | { retryAfterSeconds: number } {
    const underWay = active();
    if (underWay.length + requests.length > limits.maxActive) {
      const remaining = underWay.map((run) => run.request.duration_seconds - secondsOf(run));
      return { retryAfterSeconds: Math.max(1, Math.ceil(Math.min(600, ...remaining))) };
    }
    const begun = requests.map(createRun);
    for (const run of begun) {
      runs.set(run.id, run);
      setImmediate(() => void conductRun(run)); // after the answer, which shows CREATED
    }
    forgetOldest();
    return { runs: begun };
  }

  return {
    begin(request) {
      const begun = beginAll([request]);
      if ('retryAfterSeconds' in begun) return begun;
      const [run] = begun.runs;
      if (run === undefined) throw new Error('one request makes one run');
      return { run };
    },
    beginAll,
    find: (id) => runs.get(id),
    list: () => [...runs.values()].reverse(),
    stopAll() {
      for (const run of active()) endRun(run, 'ABORTED');
    },
  };
}
