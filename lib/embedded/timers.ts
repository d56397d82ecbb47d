/** Time for the engine's own loops. Alarms follow `monotonic`, which no clock change moves; records carry `now`, the wall clock. Milliseconds. */
export type Timers = { now(): number; monotonic(): number; after(ms: number, run: () => void): () => void };

/** setTimeout counts in 32 bits; a later alarm wakes early and looks again. */
export const longestAlarmMs = 2 ** 31 - 1;

/** The machine's clocks. */
export const systemTimers: Timers = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(Math.max(0, ms), longestAlarmMs));
    return () => clearTimeout(timer);
  },
};
