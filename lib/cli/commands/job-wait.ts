import * as z from 'zod';
import { type Command, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { descriptorSchema } from '../descriptor-schema.ts';
import { codesOfJob } from '../exit-codes.ts';
import { switchFlag, wholeNumber } from '../flags.ts';
import { refuseMalformedId, withoutPermissionCode } from '../job-outcome.ts';
import { renderJob } from '../render-job.ts';
import { briefJob, shorterJob, toldJob } from '../stay-brief.ts';
import { waitForJob } from '../wait-for-job.ts';
import { waitForJobs } from '../wait-for-jobs.ts';
import { jobIdArgument } from './job-status.ts';

const exampleId = 'job_0123456789abcdefghijklmnop';
const anotherId = 'job_zyxwvutsrqponmlkjihgfedcba';
/** Each is held by a request of its own. */
const mostJobs = 20;

type Row = Record<string, unknown>;

/** What `data` is for several ids. */
const severalSchema = z.looseObject({
  waited_for: z.enum(['any', 'all']),
  changed: z.array(z.string()),
  jobs: z.array(z.looseObject({ job_id: z.string() })),
});

const eachJob = (brief: (job: Row) => Row) => (data: Row) =>
  Array.isArray(data['jobs']) ? { ...data, jobs: data['jobs'].map((job: Row) => brief(job)) } : data;

/** Waits for the end, for as long as asked; the exit code says how the job stands then. */
export const jobWait: Command = defineCommand({
  path: ['job', 'wait'],
  summary: 'Wait until jobs are done, or become blocked or failing; exits as "job status" does',
  danger_level: 'safe',
  argument: { ...jobIdArgument, description: `The id of the job, or up to ${mostJobs} of them`, most: mostJobs },
  flags: {
    any: switchFlag('Of several: return when one ends, or becomes blocked or failing'),
    all: switchFlag('Of several: return when each has ended or is blocked; so without --any'),
    wait_seconds: {
      schema: wholeNumber(0, 604_800),
      value: 'SECONDS',
      default: 100,
      description: 'How long to wait at most, 0 = look once; then 3, and the job goes on',
    },
    heartbeat_ms: {
      schema: wholeNumber(0, 3_600_000),
      value: 'MS',
      description: 'How often to say on stderr that it waits, 10000 without it, 0 = never; with jsonl, lines on stdout',
    },
  },
  rules: (given) =>
    given.has('any') && given.has('all') ? [{ path: '--any', message: 'cannot stand beside --all' }] : [],
  exit_codes: codesOfJob,
  output: z.union([descriptorSchema, severalSchema]),
  network: true,
  examples: [
    `job wait ${exampleId} --wait-seconds 100`,
    `job wait ${exampleId} ${anotherId} --any`,
    `job wait ${exampleId} --output jsonl --wait-seconds 3600`,
  ],
  shorter: [
    { name: 'most of each job', of: eachJob(toldJob) },
    { name: 'what each job said', of: eachJob(briefJob) },
    {
      name: 'names and kinds',
      of: eachJob(({ job_id, status, reason }) => (reason === null ? { job_id, status } : { job_id, status, reason })),
    },
    { name: 'which have changed', of: (data) => ({ ...data, changed: [] }) },
    ...shorterJob,
  ],
  render: (data, context) => renderOneOrMore(data, context),
  run: async (context, { operands, any, wait_seconds, heartbeat_ms }) => {
    const job_ids = [...new Set(operands)];
    for (const job_id of job_ids) {
      const refused = refuseMalformedId(job_id, context);
      if (refused !== undefined) return refused;
    }
    const [only = ''] = job_ids;
    const window_ms = wait_seconds * 1000;
    const outcome =
      job_ids.length === 1
        ? await waitForJob(context, only, { window_ms, heartbeat_ms })
        : await waitForJobs(context, job_ids, { for: any ? 'any' : 'all', window_ms, heartbeat_ms });
    return withoutPermissionCode(outcome);
  },
});

function renderOneOrMore(data: unknown, context: Pick<Context, 'clock'>): string {
  const several = severalSchema.safeParse(data);
  return several.success
    ? several.data.jobs.map((job) => renderJob(job, context)).join('\n\n')
    : renderJob(data, context);
}
