import type { Time } from '../scheduler/time.ts';

/** One clock for a whole local cloud: it passes as real time does, and a test leaps over what nobody needs to wait for. */
export type MovableTime = Time & {
  /** Says how to wait until nothing is under way any more; only then may time leap. */
  restWith(rest: () => Promise<void>): void;
  /** Leaps from one thing that falls due to the next, for so many seconds. */
  advance(seconds: number): Promise<void>;
  /** The same, until `done`, which is asked whenever nothing is under way. Throws when `within_seconds` have passed without it. */
  until(done: () => boolean | Promise<boolean>, within_seconds: number): Promise<void>;
};

type Happening = { at_ms: number; run: () => Promise<void> };

/** Nothing happens by itself: what has fallen due runs when the test advances. */
export function movableTime(): MovableTime {
  let leapt_ms = 0;
  let rest = (): Promise<void> => Promise.resolve();
  const ahead = new Set<Happening>();
  const now = (): number => Date.now() + leapt_ms;
  const leapTo = (at_ms: number): void => {
    leapt_ms += Math.max(0, at_ms - now());
  };

  function takeNext(end_ms: number): Happening | undefined {
    const first = [...ahead].reduce<Happening | undefined>(
      (a, b) => (a === undefined || b.at_ms < a.at_ms ? b : a),
      undefined,
    );
    if (first === undefined || first.at_ms > end_ms) return undefined;
    ahead.delete(first);
    return first;
  }
  async function run(end_ms: number, done: () => boolean | Promise<boolean>): Promise<boolean> {
    for (;;) {
      await rest();
      if (await done()) return true;
      const next = takeNext(end_ms);
      if (next === undefined) break;
      leapTo(next.at_ms);
      await next.run();
    }
    leapTo(end_ms);
    return false;
  }

  return {
    now,
    at: (at_ms, happen) => {
      const happening = { at_ms, run: happen };
      ahead.add(happening);
      return () => ahead.delete(happening);
    },
    restWith: (how) => {
      rest = how;
    },
    advance: async (seconds) => {
      await run(now() + seconds * 1000, () => false);
    },
    until: async (done, within_seconds) => {
      if (!(await run(now() + within_seconds * 1000, done)))
        throw new Error(`what was waited for has not come within ${within_seconds} s`);
    },
  };
}
