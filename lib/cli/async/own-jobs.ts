import { interrupted } from '../answer-failures.ts';
import { unexpected } from '../conduct.ts';
import type { Context } from '../context.ts';
import { jobDescriptor, plainIdPattern } from '../descriptor-schema.ts';
import { codesOfOwn, codesOfOwnStart, exitCode } from '../exit-codes.ts';
import { outcomeOfJob } from '../job-outcome.ts';
import type { Seen } from '../job-source.ts';
import { failure, success } from '../outcome.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { type AsyncJob, describeAsyncJob } from './async-job.ts';
import type { Jobs } from './jobs.ts';

/** A program's own way to its jobs. Undefined: there is no such job. The signal is aborted when nobody waits for the answer any more. */
export type OwnFunctions = {
  status(job_id: string, signal: AbortSignal): Promise<AsyncJob | undefined> | AsyncJob | undefined;
  /** Asks for the end; a job that ends later is still `running` in the answer. Not called for one that has ended. */
  cancel(job_id: string, signal: AbortSignal): Promise<AsyncJob | undefined> | AsyncJob | undefined;
};

/** Jobs behind functions of the program's author. */
export function ownJobs(functions: OwnFunctions): Jobs<AsyncJob> {
  const ask = (name: keyof OwnFunctions) => (context: Context, job_id: string) =>
    seen(context, async () => functions[name](job_id, context.interrupt));
  return {
    source: {
      id_pattern: plainIdPattern,
      example_ids: ['JOB_ID', 'ANOTHER_ID'],
      network: false,
      exit_codes: codesOfOwn,
      read: ask('status'),
      cancel: ask('cancel'),
    },
    start_codes: codesOfOwnStart,
    env: {},
    begin: async (context, begun) => {
      const described = await seen(context, async () => begun);
      if (!described.ok) return described.outcome;
      const { job } = described;
      return job.status === 'failed'
        ? { ...outcomeOfJob(job, context), exit_code: exitCode.precondition }
        : success(job);
    },
  };
}

/** Checked, so that no loop is misled by a descriptor that is none: what the author's function threw or mistook is an outcome. */
async function seen(context: Context, look: () => Promise<AsyncJob | undefined>): Promise<Seen> {
  let job: AsyncJob | undefined;
  try {
    job = await unlessAborted(context.interrupt, look());
  } catch (error) {
    return { ok: false, outcome: context.interrupt.aborted ? interrupted(context) : unexpected(error) };
  }
  if (job === undefined) return { ok: false, outcome: notFound };
  const read = jobDescriptor.safeParse(describeAsyncJob(job, context.cli_command));
  if (read.success) return { ok: true, job: read.data };
  const problems = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const error = {
    code: 'INVALID_JOB',
    message: `${context.cli_command} described a job that is none: ${problems.map(({ path, message }) => `${path} ${message}`).join('; ')}.`,
    problems,
    retryable: false,
    phase: 'execution' as const,
    suggestion: 'This is a fault of the program: report it with the command line. A job that has begun goes on.',
  };
  return { ok: false, outcome: failure(exitCode.general, error) };
}

const notFound = failure(exitCode.not_found, {
  code: 'JOB_NOT_FOUND',
  message: 'There is no such job.',
  retryable: false,
  phase: 'execution',
  suggestion: 'Check the id: it is the job_id that the job began with.',
});
