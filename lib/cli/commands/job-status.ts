import { type Command, defineCommand } from '../command.ts';
import { descriptorSchema } from '../descriptor-schema.ts';
import { codesOfJob } from '../exit-codes.ts';
import { readJob } from '../follow-job.ts';
import { outcomeOfJob, refuseMalformedId, withoutPermissionCode } from '../job-outcome.ts';
import { renderJob } from '../render-job.ts';
import { shorterJob } from '../stay-brief.ts';

/** The positional argument of every command that speaks of one job. */
export const jobIdArgument = { name: 'job_id', description: 'The id of the job', pattern: '^job_[0-9a-z]{26}$' };

/** Looks once: the exit code says how the job stands. */
export const jobStatus: Command = defineCommand({
  path: ['job', 'status'],
  summary: 'Look at a job once; exits 0 complete, 3 running, 4 failed or cancelled, 7 timed out, 5 unknown',
  danger_level: 'safe',
  argument: jobIdArgument,
  flags: {},
  exit_codes: codesOfJob,
  output: descriptorSchema,
  network: true,
  examples: ['job status job_0123456789abcdefghijklmnop'],
  render: renderJob,
  shorter: shorterJob,
  run: async (context, { argument }) => {
    const refused = refuseMalformedId(argument, context);
    if (refused !== undefined) return refused;
    const read = await readJob(context, argument, 0);
    return withoutPermissionCode(read.ok ? outcomeOfJob(read.job, context) : read.outcome);
  },
});
