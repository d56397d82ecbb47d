/** Something that happens at a moment of true time. */
type Happening = { at_ms: number; run: () => void };

/** Lets everything that needs no further time come to rest: ports in memory resolve in microtasks. */
const atRest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Nothing here does more in one step; a loop or a fork that feeds itself does. */
const mostAtOnce = 5_000;

/**
 * Time, moved by hand, and a clock that may be wrong about it: carriers and the remote side live by true time, our
 * process by `now`, which `jump` sets forward or back.
 */
export function timeline(epoch_ms: number) {
  let true_ms = epoch_ms;
  let skew_ms = 0;
  const ahead: Happening[] = [];

  /** Runs what falls due until `seconds` have passed, in order; what has begun may still be under way afterwards. */
  async function advance(seconds: number): Promise<void> {
    const end_ms = true_ms + seconds * 1000;
    for (let happened = 0; ; happened++) {
      if (happened > mostAtOnce) throw new Error(`a storm: ${mostAtOnce} things happened in ${seconds} s`);
      await atRest();
      let first = -1;
      for (const [position, { at_ms }] of ahead.entries())
        if (at_ms <= end_ms && (first < 0 || at_ms < (ahead[first]?.at_ms ?? 0))) first = position;
      const [next] = first < 0 ? [] : ahead.splice(first, 1);
      if (next === undefined) break;
      true_ms = Math.max(true_ms, next.at_ms);
      next.run();
    }
    true_ms = Math.max(true_ms, end_ms);
  }

  return {
    advance,
    now: (): number => true_ms + skew_ms,
    trueNow: (): number => true_ms,
    /** The true time at which our clock, as it goes now, will show `ms`. */
    trueAt: (ms: number): number => ms - skew_ms,
    jump: (seconds: number): void => {
      skew_ms += seconds * 1000;
    },
    /** Returns how to call it off. */
    at: (at_ms: number, run: () => void): (() => void) => {
      const happening = { at_ms, run };
      ahead.push(happening);
      return () => {
        const position = ahead.indexOf(happening);
        if (position >= 0) ahead.splice(position, 1);
      };
    },
    wait: (seconds: number): Promise<void> =>
      new Promise((resolve) => void ahead.push({ at_ms: true_ms + seconds * 1000, run: resolve })),
  };
}
export type Timeline = ReturnType<typeof timeline>;
