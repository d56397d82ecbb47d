import type { z } from 'zod';
import { type Command, defineCommand } from '../command.ts';
import { codesOfJob } from '../exit-codes.ts';
import { wholeNumber } from '../flags.ts';
import { outcomeOfJob, refuseMalformedId, withoutPermissionCode } from '../job-outcome.ts';
import type { JobSource } from '../job-source.ts';
import { renderJob } from '../render-job.ts';
import { waitForJob } from '../wait-for-job.ts';

/** The positional argument of every command that speaks of one job. */
export const jobIdArgument = ({ id_pattern }: JobSource) => ({
  name: 'job_id',
  description: 'The id of the job',
  pattern: id_pattern.source,
});

/** `job status`, which looks once: the exit code says how the job stands. */
export const jobStatusOf = (source: JobSource, output: z.ZodType): Command =>
  defineCommand({
    path: ['job', 'status'],
    summary: 'Look at a job once; exits 0 complete, 3 running, 4 failed or cancelled, 7 timed out, 5 unknown',
    danger_level: 'safe',
    argument: jobIdArgument(source),
    flags: {},
    exit_codes: codesOfJob(source.exit_codes),
    output,
    network: source.network,
    examples: [`job status ${source.example_id}`],
    render: renderJob,
    run: async (context, { argument }) => {
      const refused = refuseMalformedId(argument, source, context);
      if (refused !== undefined) return refused;
      const read = await source.read(context, argument, 0);
      return withoutPermissionCode(read.ok ? outcomeOfJob(read.job, context) : read.outcome);
    },
  });

/** `job wait`, which waits for the end, for as long as asked; the exit code says how the job stands then. */
export const jobWaitOf = (source: JobSource, output: z.ZodType): Command =>
  defineCommand({
    path: ['job', 'wait'],
    summary: 'Wait until a job is done or needs a person; exits as "job status" does',
    danger_level: 'safe',
    argument: jobIdArgument(source),
    flags: {
      wait_seconds: {
        schema: wholeNumber(0, 604_800),
        value: 'SECONDS',
        default: 100,
        description: 'How long to wait at most, 0 = look once; then 3, and the job goes on',
      },
    },
    exit_codes: codesOfJob(source.exit_codes),
    output,
    network: source.network,
    examples: [`job wait ${source.example_id} --wait-seconds 100`],
    render: renderJob,
    run: async (context, { argument, wait_seconds }) =>
      refuseMalformedId(argument, source, context) ??
      withoutPermissionCode(await waitForJob(context, { source, job_id: argument, window_ms: wait_seconds * 1000 })),
  });
