import type { Timers } from '../../lib/embedded/timers.ts';

export type ManualTimers = Timers & {
  /** Moves both clocks forward, ringing every alarm that falls due on its way, in order. */
  advance(seconds: number): Promise<void>;
  /** Sets the wall clock forward or back, as a machine's clock jumps; alarms go on as before. */
  jump(seconds: number): void;
  /** Lets whatever needs no further time come to rest. */
  rest(): Promise<void>;
  /** Resolves after `ms`, which only `advance` lets pass. */
  wait(ms: number): Promise<void>;
  /** Alarms that are set. */
  pending(): number;
};

/** Commits are made one turn of the event loop later, and a tick waits for five of them at most. */
const turns = 12;

/** The Timers port, moved by hand. */
export function manualTimers(epoch_ms = Date.parse('2026-11-21T09:00:00.000Z')): ManualTimers {
  let passed_ms = 0;
  let skew_ms = 0;
  let last = 0;
  const alarms = new Map<number, { at_ms: number; run: () => void }>();

  async function rest(): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  function takeNext(until_ms: number): (() => void) | undefined {
    let first: [number, { at_ms: number; run: () => void }] | undefined;
    for (const entry of alarms)
      if (entry[1].at_ms <= until_ms && (first === undefined || entry[1].at_ms < first[1].at_ms)) first = entry;
    if (first === undefined) return undefined;
    alarms.delete(first[0]);
    passed_ms = Math.max(passed_ms, first[1].at_ms);
    return first[1].run;
  }
  const after: Timers['after'] = (ms, run) => {
    const number = ++last;
    alarms.set(number, { at_ms: passed_ms + Math.max(0, ms), run });
    return () => void alarms.delete(number);
  };
  return {
    now: () => epoch_ms + passed_ms + skew_ms,
    monotonic: () => passed_ms,
    after,
    advance: async (seconds) => {
      const until_ms = passed_ms + seconds * 1000;
      await rest();
      for (let run = takeNext(until_ms); run !== undefined; run = takeNext(until_ms)) {
        run();
        await rest();
      }
      passed_ms = until_ms;
    },
    jump: (seconds) => {
      skew_ms += seconds * 1000;
    },
    rest,
    wait: (ms) => new Promise((resolve) => void after(ms, resolve)),
    pending: () => alarms.size,
  };
}
