import { interrupted } from './answer-failures.ts';
import type { Context } from './context.ts';
import type { Descriptor } from './descriptor-schema.ts';
import { commandsFor, outcomeOfJob } from './job-outcome.ts';
import type { JobSource } from './job-source.ts';
import type { Outcome } from './outcome.ts';
import { watchProgress } from './watch-progress.ts';

/** Longest time the API holds an answer back, seconds; shorter under a live bar, whose reader wants to see it move. */
const longestHold = 25;
const longestLiveHold = 3;
const firstBackOff_ms = 1000;
const longestBackOff_ms = 15_000;

/**
 * Waits until the job is terminal or blocked, at most `window_ms`:
 *
 *   look (held back ≤ 25 s) ── terminal, blocked ──▶ its outcome
 *     ▲  │ running: pause only if it came early     │ trouble that passes: back off
 *     └──┴──────────── until the window ends ───────┘  then the latest descriptor, or the trouble
 */
export async function waitForJob(
  context: Context,
  { source, job_id, window_ms }: { source: JobSource; job_id: string; window_ms: number },
): Promise<Outcome> {
  const { clock, interrupt } = context;
  const until = clock.now() + window_ms;
  const progress = window_ms > 0 ? watchProgress(context) : undefined;
  let latest: Descriptor | undefined;
  let troubles = 0;
  try {
    while (true) {
      const asked = clock.now();
      const hold = Math.min(
        context.live ? longestLiveHold : longestHold,
        Math.max(0, Math.floor((until - asked) / 1000)),
      );
      const read = await source.read(context, job_id, hold);
      if (interrupt.aborted) return endWait(context, job_id, latest);
      const left = until - clock.now();
      let pause_ms: number;
      if (read.ok) {
        troubles = 0;
        latest = read.job;
        if (latest.terminal || latest.phase === 'blocked' || left < 1000) return outcomeOfJob(latest, context);
        progress?.saw(latest);
        const early = clock.now() - asked < hold * 1000 - 500;
        pause_ms = early ? Math.max(1000, latest.poll_interval_ms) : 0;
      } else {
        const { error } = read.outcome;
        if (error?.retryable !== true || left <= 0)
          return latest === undefined || error?.retryable !== true
            ? read.outcome
            : lookLost(latest, read.outcome, context);
        pause_ms = Math.max(error.retry_after_ms ?? 0, Math.min(longestBackOff_ms, firstBackOff_ms * 2 ** troubles++));
      }
      await clock.sleep(Math.min(pause_ms, left), interrupt);
      if (interrupt.aborted) return endWait(context, job_id, latest);
    }
  } finally {
    progress?.stop();
  }
}

/** The window ended while the API could not be read: the job is running as far as anybody knows. */
const lookLost = (latest: Descriptor, trouble: Outcome, context: Context): Outcome => ({
  ...outcomeOfJob(latest, context),
  warnings: [`The last look failed, so this is an older state: ${trouble.error?.message ?? 'no answer'}`],
});

/** Ctrl-C ends the wait, never the job; both ways on are printed. */
function endWait(context: Context, job_id: string, latest: Descriptor | undefined): Outcome {
  const { status, cancel } = commandsFor(job_id, context.cli_command);
  context.say(
    `${context.live ? '\n' : ''}The wait has ended; the job goes on.\n  look again:  ${status}\n  call it off: ${cancel}\n`,
  );
  const outcome = interrupted(context);
  const error = outcome.error && {
    ...outcome.error,
    message: `${outcome.error.message} The job goes on.`,
    suggestion: `Look again: ${status}`,
  };
  return { ...outcome, error, data: latest ?? null };
}
