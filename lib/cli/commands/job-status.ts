import type { z } from 'zod';
import { type Command, defineCommand } from '../command.ts';
import { codesOfJob } from '../exit-codes.ts';
import { outcomeOfJob, refuseMalformedId, withoutPermissionCode } from '../job-outcome.ts';
import type { JobSource } from '../job-source.ts';
import { renderJob } from '../render-job.ts';
import { shorterJob } from '../stay-brief.ts';

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
    examples: [`job status ${source.example_ids[0]}`],
    render: renderJob,
    shorter: shorterJob,
    run: async (context, { argument }) => {
      const refused = refuseMalformedId(argument, source, context);
      if (refused !== undefined) return refused;
      const read = await source.read(context, argument, 0);
      return withoutPermissionCode(read.ok ? outcomeOfJob(read.job, context) : read.outcome);
    },
  });
