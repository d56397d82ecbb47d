/** What the loopback servers live by; `at` runs something later, and returns how to call it off. `speed`: how many seconds pass in a real one, 1 unless given. */
export type Time = { now(): number; at(at_ms: number, run: () => Promise<void>): () => void; speed?: number };

/** The longest a timer can be set for, ms. */
const maxTimerMs = 2 ** 31 - 1;

/** Real time; or faster, so that a minute of it passes in `minute_ms`, counted from now on. */
export function runningTime(minute_ms = 60_000): Time {
  const begun_ms = Date.now();
  const speed = 60_000 / minute_ms;
  const now = (): number => begun_ms + (Date.now() - begun_ms) * speed;
  return {
    now,
    speed,
    at: (at_ms, run) => {
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        const left_ms = Math.ceil((at_ms - now()) / speed);
        timer = setTimeout(
          () => (left_ms > maxTimerMs ? wait() : void run()),
          Math.min(Math.max(0, left_ms), maxTimerMs),
        );
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
}

/**
 * Time moved by hand. `rest` runs before and after whatever falls due, and is where a test takes what has arrived: real
 * sockets lie between, so that "nothing is under way any more" is known only to who asks the other end.
 */
export function manualTime(epoch_ms: number, rest: () => Promise<void> = () => Promise.resolve()) {
  let now_ms = epoch_ms;
  const ahead: { at_ms: number; run: () => Promise<void> }[] = [];

  return {
    now: (): number => now_ms,
    at: (at_ms: number, run: () => Promise<void>): (() => void) => {
      const happening = { at_ms, run };
      ahead.push(happening);
      return () => {
        const position = ahead.indexOf(happening);
        if (position >= 0) ahead.splice(position, 1);
      };
    },
    /** Runs what falls due within `seconds`, in order. */
    advance: async (seconds: number): Promise<void> => {
      const end_ms = now_ms + seconds * 1000;
      for (;;) {
        await rest();
        const next = ahead
          .filter(({ at_ms }) => at_ms <= end_ms)
          .reduce<(typeof ahead)[number] | undefined>(
            (a, b) => (a === undefined || b.at_ms < a.at_ms ? b : a),
            undefined,
          );
        if (next === undefined) break;
        ahead.splice(ahead.indexOf(next), 1);
        now_ms = Math.max(now_ms, next.at_ms);
        await next.run();
      }
      now_ms = end_ms;
    },
  };
}
export type ManualTime = ReturnType<typeof manualTime>;
