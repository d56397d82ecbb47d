import type { SendMany, Tick, Ticks } from '../../lib/ports.ts';

/** The ticks of one batch, sending together. Who has nothing more to send must leave, or the others wait for it. */
export type TogetherTicks = Ticks & { leave(): void };

export type TogetherOptions = {
  /** How many send, one tick at a time each. */
  senders: number;
  sendMany: SendMany;
  now: () => number;
  after: After;
};
/** Runs something in so many ms, unless it is called off. */
export type After = (ms: number, run: () => void) => () => void;

/** A tick waits so long at most for those of slower checks, ms: less than the shortest interval, so that none comes late. */
const mostWaitMs = 1000;

type Waiting = { tick: Tick; done: (error: Error | undefined) => void };

/**
 * Sends the next ticks of a batch in one request: when everybody who still runs waits to send, or when the first one to wait
 * can wait no longer. A send resolves once its own tick was taken, and fails with its own failure.
 */
export function sendTogether({ senders, sendMany, now, after }: TogetherOptions): TogetherTicks {
  let waiting: Waiting[] = [];
  let running = senders;
  let callOff = (): void => undefined;
  let flush_at_ms = Infinity;

  function flush(): void {
    callOff();
    flush_at_ms = Infinity;
    const group = waiting;
    waiting = [];
    if (group.length === 0) return;
    sendMany(group.map(({ tick }) => tick)).then(
      (outcomes) => {
        for (const [at, { done }] of group.entries()) done(outcomes[at]);
      },
      (error: Error) => {
        for (const { done } of group) done(error);
      },
    );
  }
  return {
    send: (tick) =>
      new Promise((resolve, reject) => {
        waiting.push({ tick, done: (error) => (error === undefined ? resolve() : reject(error)) });
        const now_ms = now();
        flush_at_ms = Math.min(flush_at_ms, now_ms + mostWaitMs, tick.due_at_ms - mostWaitMs);
        if (waiting.length >= running || flush_at_ms <= now_ms) return flush();
        callOff();
        callOff = after(flush_at_ms - now_ms, flush);
      }),
    leave: () => {
      running -= 1;
      if (waiting.length >= running) flush();
    },
  };
}
