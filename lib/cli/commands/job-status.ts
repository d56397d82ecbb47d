import { type Command, defineCommand } from '../command.ts';
import { descriptorSchema } from '../descriptor-schema.ts';
import { codesOfJob } from '../exit-codes.ts';
import { wholeNumber } from '../flags.ts';
import { outcomeOfJob, refuseMalformedId, withoutPermissionCode } from '../job-outcome.ts';
import { renderJob } from '../render-job.ts';
import { readJob, waitForJob } from '../wait-for-job.ts';

/** The positional argument of every command that speaks of one job. */
export const jobIdArgument = { name: 'job_id', description: 'The id of the job', pattern: '^job_[0-9a-z]{26}$' };
const exampleId = 'job_0123456789abcdefghijklmnop';

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
  examples: [`job status ${exampleId}`],
  render: renderJob,
  run: async (context, { argument }) => {
    const refused = refuseMalformedId(argument, context);
    if (refused !== undefined) return refused;
    const read = await readJob(context, argument, 0);
    return withoutPermissionCode(read.ok ? outcomeOfJob(read.job, context) : read.outcome);
  },
});

/** Waits for the end, for as long as asked; the exit code says how the job stands then. */
export const jobWait: Command = defineCommand({
  path: ['job', 'wait'],
  summary: 'Wait until a job is done or needs a person; exits as "job status" does',
  danger_level: 'safe',
  argument: jobIdArgument,
  flags: {
    wait_seconds: {
      schema: wholeNumber(0, 604_800),
      value: 'SECONDS',
      default: 100,
      description: 'How long to wait at most, 0 = look once; then 3, and the job goes on',
    },
  },
  exit_codes: codesOfJob,
  output: descriptorSchema,
  network: true,
  examples: [`job wait ${exampleId} --wait-seconds 100`],
  render: renderJob,
  run: async (context, { argument, wait_seconds }) =>
    refuseMalformedId(argument, context) ??
    withoutPermissionCode(await waitForJob(context, argument, wait_seconds * 1000)),
});
