import type { Context } from './context.ts';
import type { Descriptor } from './descriptor-schema.ts';
import { progressBar, progressLine } from './progress.ts';

const lineEvery_ms = 10_000;
const drawEvery_ms = 1000;
const clearLine = '\r\u001b[2K';

type Progress<Seen> = { saw(seen: Seen): void; stop(): void };
type Words<Seen> = { line(seen: Seen, now_ms: number): string; bar(seen: Seen, now_ms: number): string };

/**
 * Keeps a person informed on stderr: a line each 10 s, or one bar drawn over each second on a terminal. `heartbeat_ms` sets another pace,
 * 0 none; with `jsonl` it stands for lines on stdout, which nobody gets who has not asked.
 */
function watch<Seen>(context: Context, heartbeat_ms: number | undefined, words: Words<Seen>): Progress<Seen> {
  let latest: Seen | undefined;
  const { clock, format, live } = context;
  const began_ms = clock.now();
  const tell = (): void => {
    if (latest === undefined) return;
    const now_ms = clock.now();
    if (format === 'jsonl' && heartbeat_ms !== undefined)
      context.emit({ status: 'running', heartbeat: true, elapsed_ms: Math.round(now_ms - began_ms) });
    else if (live) context.say(`${clearLine}${words.bar(latest, now_ms)}`);
    else context.say(`${words.line(latest, now_ms)}\n`);
  };
  const pace_ms = heartbeat_ms ?? (format === 'jsonl' ? 0 : live ? drawEvery_ms : lineEvery_ms);
  const stopTicking = pace_ms === 0 ? () => undefined : clock.every(pace_ms, tell);
  return {
    saw(seen) {
      const first = latest === undefined;
      latest = seen;
      if (pace_ms > 0 && format !== 'jsonl' && (first || live)) tell();
    },
    stop() {
      stopTicking();
      if (live && latest !== undefined) context.say(clearLine);
    },
  };
}

/** Of one job. */
export const watchProgress = (context: Context, heartbeat_ms: number | undefined): Progress<Descriptor> =>
  watch(context, heartbeat_ms, { line: progressLine, bar: (job, now_ms) => progressBar(job, now_ms, context.columns) });

/** Of several: how many have ended. */
export function watchJobs(context: Context, count: number, heartbeat_ms: number | undefined): Progress<Descriptor[]> {
  const line = (jobs: Descriptor[]): string =>
    `${jobs.filter((job) => job.terminal).length} of ${count} jobs have ended${jobs
      .filter((job) => job.phase === 'blocked')
      .map((job) => `, ${job.job_id} is blocked`)
      .join('')}`;
  return watch(context, heartbeat_ms, { line, bar: (jobs) => line(jobs).slice(0, Math.max(20, context.columns - 1)) });
}
