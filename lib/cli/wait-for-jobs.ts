import { advice } from './advice.ts';
import type { Context } from './context.ts';
import type { Descriptor } from './descriptor-schema.ts';
import { exitCode } from './exit-codes.ts';
import { type Followed, followJob } from './follow-job.ts';
import type { JobSource } from './job-source.ts';
import { failure, type Outcome, success } from './outcome.ts';
import { changeOf, endWait } from './wait-for-job.ts';
import { watchJobs } from './watch-progress.ts';

/** Which jobs are waited for, where they are, and for what. */
type Wanted = {
  source: JobSource;
  job_ids: readonly string[];
  for: 'any' | 'all';
  window_ms: number;
  heartbeat_ms: number | undefined;
};

/**
 * Waits for several jobs at once. `all`: until each has ended or is blocked, which no waiting ends. `any`: until one of them ends or
 * becomes blocked or failing; with `jsonl`, until one ends. Each change but the last is a line then.
 */
export async function waitForJobs(context: Context, wanted: Wanted): Promise<Outcome> {
  const { source, job_ids } = wanted;
  const stop = new AbortController();
  // Followers end with the first that has enough; what was in flight by then is nobody's failure.
  const inner: Context = { ...context, interrupt: AbortSignal.any([context.interrupt, stop.signal]) };
  const until_ms = context.clock.now() + wanted.window_ms;
  const jobs = new Map<string, Descriptor>();
  const changed = new Set<string>();
  const progress = wanted.window_ms > 0 ? watchJobs(context, job_ids.length, wanted.heartbeat_ms) : undefined;
  const lines = context.format === 'jsonl';

  const saw = (job: Descriptor, news: boolean): boolean => {
    jobs.set(job.job_id, job);
    if (news) changed.add(job.job_id);
    progress?.saw([...jobs.values()]);
    const enough =
      wanted.for === 'any' ? news && (job.terminal || !lines) : job_ids.every((id) => isOver(jobs.get(id)));
    if (news && lines && !enough) context.emit(changeOf(job));
    if (enough) stop.abort();
    return enough || job.terminal;
  };
  try {
    const followed = await Promise.all(job_ids.map((job_id) => follow(inner, { source, job_id, until_ms, saw, stop })));
    const seen = job_ids.flatMap((id) => jobs.get(id) ?? []);
    const data = { waited_for: wanted.for, changed: [...changed], jobs: seen };
    if (context.interrupt.aborted) return endWait(context, job_ids, data);
    const lost = followed.find(({ trouble }) => trouble !== undefined && trouble.error?.retryable !== true);
    if (lost?.trouble !== undefined) return lost.trouble;
    const blind = followed.find(({ latest, trouble }) => latest === undefined && trouble !== undefined);
    if (blind?.trouble !== undefined && !stop.signal.aborted) return blind.trouble;
    return outcomeOf(data, wanted, context);
  } finally {
    progress?.stop();
  }
}

/** One of them; trouble that will not pass ends the wait for all. */
async function follow(
  context: Context,
  { stop, ...following }: Parameters<typeof followJob>[1] & { stop: AbortController },
): Promise<Followed> {
  const followed = await followJob(context, following);
  if (context.interrupt.aborted) return { ...followed, trouble: undefined };
  const error = followed.trouble?.error;
  if (followed.trouble === undefined || !error || error.retryable) return followed;
  stop.abort();
  return {
    ...followed,
    trouble: { ...followed.trouble, error: { ...error, message: `${following.job_id}: ${error.message}` } },
  };
}

const isOver = (job: Descriptor | undefined): boolean => job !== undefined && (job.terminal || job.phase === 'blocked');

type Seen = { waited_for: 'any' | 'all'; changed: string[]; jobs: Descriptor[] };

/** The exit code speaks of those that ended (`any`), or of all of them: 3 as long as one runs, else the worst. */
function outcomeOf(data: Seen, wanted: Wanted, context: Context): Outcome {
  const count = wanted.job_ids.length;
  const ended = data.jobs.filter((job) => job.terminal);
  const enough = wanted.for === 'any' ? ended.length > 0 : ended.length === count;
  const told = `${ended.length} of ${count} jobs have ended${listed(
    data.jobs.filter((job) => !job.terminal && job.phase === 'blocked'),
    'blocked',
  )}`;
  if (!enough) {
    const retry_after_ms = Math.min(60_000, ...data.jobs.map((job) => Math.round(job.poll_interval_ms)));
    const error = {
      code: 'JOB_RUNNING',
      message: `${told}.`,
      retryable: true,
      retry_after_ms,
      retry_strategy: 'linear_backoff' as const,
      phase: 'execution' as const,
      ...advice(context, {
        suggestion: 'Go on with other work; wait again for those that run',
        leads: ', or read what happened later:',
        command: 'job events',
      }),
    };
    return failure(exitCode.job_running, error, data);
  }
  const bad = ended.filter((job) => job.status !== 'complete');
  const worst = bad.find((job) => job.reason !== 'timed_out') ?? bad[0];
  if (worst === undefined) return success(data);
  const timedOut = worst.reason === 'timed_out';
  const error = {
    code: timedOut ? 'JOB_TIMED_OUT' : worst.status === 'cancelled' ? 'JOB_CANCELLED' : 'JOB_FAILED',
    message: `${told}${listed(bad, 'not complete')}.`,
    retryable: false,
    phase: 'execution' as const,
    suggestion: worst.next_step ?? 'Read message and next_step of each in data.jobs.',
    fix_command: worst.status_command,
  };
  return failure(timedOut ? exitCode.job_timed_out : exitCode.job_failed, error, data);
}

const listed = (jobs: Descriptor[], word: string): string =>
  jobs.length === 0 ? '' : `; ${word}: ${jobs.map((job) => job.job_id).join(', ')}`;
