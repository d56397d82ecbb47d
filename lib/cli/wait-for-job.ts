import { interrupted } from './answer-failures.ts';
import type { Context } from './context.ts';
import type { Descriptor } from './descriptor-schema.ts';
import { type Followable, followJob } from './follow-job.ts';
import { commandsFor, outcomeOfJob } from './job-outcome.ts';
import type { Outcome } from './outcome.ts';
import { toldJob } from './stay-brief.ts';
import { watchProgress } from './watch-progress.ts';

/**
 * Waits until the job has ended, becomes blocked or failing, or the window is over. With `jsonl` it goes on until the end and every
 * change on the way is a line of its own.
 */
export async function waitForJob(
  context: Context,
  { source, job_id, window_ms, heartbeat_ms }: Followable & { window_ms: number; heartbeat_ms: number | undefined },
): Promise<Outcome> {
  const progress = window_ms > 0 ? watchProgress(context, heartbeat_ms) : undefined;
  try {
    const { latest, trouble } = await followJob(context, {
      source,
      job_id,
      until_ms: context.clock.now() + window_ms,
      saw: (job, news) => {
        const done = job.terminal || (news && context.format !== 'jsonl');
        if (!done) progress?.saw(job);
        if (news && !done) context.emit(changeOf(job));
        return done;
      },
    });
    if (context.interrupt.aborted) return endWait(context, [job_id], latest ?? null);
    if (latest === undefined) return trouble ?? interrupted(context);
    if (trouble === undefined) return outcomeOfJob(latest, context);
    return trouble.error?.retryable === true ? lookLost(latest, trouble, context) : trouble;
  } finally {
    progress?.stop();
  }
}

/** A change as a monitor reads it, on one line; the end is told by the envelope alone. */
export const changeOf = (job: Descriptor) => ({ change: job.terminal ? job.status : job.phase, ...toldJob(job) });

/** The window ended while the API could not be read: the job is running as far as anybody knows. */
const lookLost = (latest: Descriptor, trouble: Outcome, context: Context): Outcome => ({
  ...outcomeOfJob(latest, context),
  warnings: [`The last look failed, so this is an older state: ${trouble.error?.message ?? 'no answer'}`],
});

/** Ctrl-C ends the wait, never a job; the ways on are printed. */
export function endWait(context: Context, job_ids: readonly string[], data: Outcome['data']): Outcome {
  const [first = ''] = job_ids;
  const { status, cancel } = commandsFor(first, context.cli_command);
  const goesOn = job_ids.length === 1 ? 'the job goes on' : 'the jobs go on';
  const ways = `  look again:  ${status}\n  call it off: ${cancel}\n`;
  context.say(`${context.live ? '\n' : ''}The wait has ended; ${goesOn}.\n${job_ids.length === 1 ? ways : ''}`);
  const outcome = interrupted(context);
  const error = outcome.error && {
    ...outcome.error,
    message: `${outcome.error.message} ${goesOn.replace('the', 'The')}.`,
    ...(job_ids.length === 1 ? { suggestion: `Look again: ${status}`, fix_command: status } : {}),
  };
  return { ...outcome, error, data };
}
