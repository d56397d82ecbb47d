import { listAdvice } from './advice.ts';
import type { Context } from './context.ts';
import type { Descriptor } from './descriptor-schema.ts';
import type { EnvelopeError } from './envelope.ts';
import { exitCode } from './exit-codes.ts';
import type { JobSource } from './job-source.ts';
import { failure, type Outcome, success } from './outcome.ts';

/** Runnable as printed, without quoting: look again, wait, or call it off. */
export const commandsFor = (job_id: string, cli_command: string) => ({
  status: `${cli_command} job status ${job_id}`,
  wait: `${cli_command} job wait ${job_id} --wait-seconds 100`,
  cancel: `${cli_command} job cancel ${job_id}`,
});

/** What `job status` and `job wait` say of a job: the exit code speaks of the job, and `data` is always the descriptor. */
export function outcomeOfJob(job: Descriptor, context: Context): Outcome {
  if (job.status === 'complete') return success(job);
  const words = {
    ...(job.message ? { detail: job.message } : {}),
    ...(job.next_step ? { suggestion: job.next_step } : {}),
  };
  if (job.status === 'running') {
    const { wait } = commandsFor(job.job_id, context.cli_command);
    const blocked = job.phase === 'blocked';
    return failure(
      exitCode.job_running,
      {
        code: 'JOB_RUNNING',
        message: blocked ? 'The job is running, but needs a person to go on.' : 'The job is still running.',
        retryable: true,
        retry_after_ms: Math.round(job.poll_interval_ms),
        retry_strategy: 'linear_backoff',
        phase: 'execution',
        fix_command: wait,
        suggestion: blocked ? 'Tell the person who can unblock it.' : `Ask again later, or wait for it: ${wait}`,
        ...words,
      },
      job,
    );
  }
  const [code, exit] = endOf(job);
  const why = job.reason ? ` (${job.reason})` : '';
  const error: EnvelopeError = {
    code,
    message: `The job ${job.status === 'cancelled' ? 'was cancelled' : code === 'JOB_TIMED_OUT' ? 'timed out' : 'failed'}${why}.`,
    retryable: false,
    phase: 'execution',
    suggestion:
      job.observed === undefined
        ? 'Read data.message: it says why. It is not tried again.'
        : 'Read data.message and data.observed: they say what the remote system said. It is not tried again.',
    ...words,
  };
  return failure(exit, error, job);
}

const endOf = (job: Descriptor): [code: string, exit: number] => {
  if (job.status === 'cancelled') return ['JOB_CANCELLED', exitCode.job_failed];
  if (job.reason === 'timed_out') return ['JOB_TIMED_OUT', exitCode.job_timed_out];
  return ['JOB_FAILED', exitCode.job_failed];
};

/** An id that cannot exist is not found, and nobody is asked; `data` stays null so that no loop polls on. */
export function refuseMalformedId(job_id: string, source: JobSource, context: Context): Outcome | undefined {
  if (source.id_pattern.test(job_id)) return undefined;
  return failure(exitCode.not_found, {
    code: 'JOB_NOT_FOUND',
    message: `${JSON.stringify(job_id.slice(0, 64))} is no job id: one such as ${source.example_ids[0]} was expected (${source.id_pattern.source}).`,
    retryable: false,
    phase: 'validation',
    ...listAdvice(context),
  });
}

/** 7 means "timed out" in the commands that speak of a job's state, so a refusal to show it is 8 there. */
export const withoutPermissionCode = (outcome: Outcome): Outcome =>
  outcome.exit_code === exitCode.permission_denied && outcome.error?.code !== 'JOB_TIMED_OUT'
    ? { ...outcome, exit_code: exitCode.auth_required }
    : outcome;
