import type { Context } from './context.ts';
import type { Descriptor } from './descriptor-schema.ts';
import type { JobSource } from './job-source.ts';
import type { Outcome } from './outcome.ts';

/** Longest time the API holds an answer back, seconds; shorter under a live bar, whose reader wants to see it move. */
const longestHold = 25;
const longestLiveHold = 3;
const firstBackOff_ms = 1000;
const longestBackOff_ms = 15_000;

/**
 * What is worth waking somebody for: the end, and a phase that is news and either goes wrong or needs a person. The first look is the
 * state that was there; only an end is news in it.
 */
export const isNews = (before: Descriptor | undefined, now: Descriptor): boolean => {
  if (now.terminal) return true;
  if (before === undefined || before.phase === now.phase) return false;
  return now.phase === 'blocked' || now.phase === 'failing';
};

/** How a following came to its end: with the latest look, and with the trouble that ended it or stood at its end. */
export type Followed = { latest: Descriptor | undefined; trouble: Outcome | undefined };

/** Which job is followed, and where it is. */
export type Followable = { source: JobSource; job_id: string };

type Following = Followable & {
  /** The time after which nobody waits any more, ms. */
  until_ms: number;
  /** Hears of each look, and whether it is news; true ends the following. */
  saw(job: Descriptor, news: boolean): boolean;
};

/**
 * Looks at a job, again and again, until `saw` has enough, the time is up or it cannot go on:
 *
 *   look ── saw enough, time up ──▶ end
 *    ▲ │ running: the next look is held back ≤ 25 s; pause if it came early
 *    └─┴─ trouble that passes: back off
 */
export async function followJob(context: Context, { source, job_id, until_ms, saw }: Following): Promise<Followed> {
  const { clock, interrupt } = context;
  let latest: Descriptor | undefined;
  let trouble: Outcome | undefined;
  let troubles = 0;
  while (true) {
    const asked_ms = clock.now();
    const hold = latest === undefined ? 0 : holdFor(context, until_ms - asked_ms);
    const read = await source.read(context, job_id, hold);
    if (interrupt.aborted) return { latest, trouble };
    const left_ms = until_ms - clock.now();
    let pause_ms: number;
    if (read.ok) {
      const news = isNews(latest, read.job);
      // The first look is not held, so that the next one may come at once; a program's own functions hold nothing back.
      const early = !source.network || (hold > 0 && clock.now() - asked_ms < hold * 1000 - 500);
      [latest, trouble, troubles] = [read.job, undefined, 0];
      if (saw(latest, news) || left_ms < 1000) return { latest, trouble };
      pause_ms = early ? Math.max(1000, latest.poll_interval_ms) : 0;
    } else {
      trouble = read.outcome;
      if (trouble.error?.retryable !== true || left_ms <= 0) return { latest, trouble };
      const backOff_ms = Math.min(longestBackOff_ms, firstBackOff_ms * 2 ** troubles++);
      pause_ms = Math.max(trouble.error.retry_after_ms ?? 0, backOff_ms);
    }
    await clock.sleep(Math.min(pause_ms, left_ms), interrupt);
    if (interrupt.aborted) return { latest, trouble };
  }
}

const holdFor = ({ live }: Context, left_ms: number): number =>
  Math.min(live ? longestLiveHold : longestHold, Math.max(0, Math.floor(left_ms / 1000)));
