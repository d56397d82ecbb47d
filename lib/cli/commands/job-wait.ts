import * as z from 'zod';
import { type Command, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { codesOfJob } from '../exit-codes.ts';
import { switchFlag, wholeNumber } from '../flags.ts';
import { refuseMalformedId, withoutPermissionCode } from '../job-outcome.ts';
import type { JobSource } from '../job-source.ts';
import { renderJob } from '../render-job.ts';
import { briefJob, shorterJob, toldJob } from '../stay-brief.ts';
import { waitForJob } from '../wait-for-job.ts';
import { waitForJobs } from '../wait-for-jobs.ts';
import { jobIdArgument } from './job-status.ts';

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

const flags = {
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
};

const shorter = [
  { name: 'most of each job', of: eachJob(toldJob) },
  { name: 'what each job said', of: eachJob(briefJob) },
  {
    name: 'names and kinds',
    of: eachJob(({ job_id, status, reason }) => (reason === null ? { job_id, status } : { job_id, status, reason })),
  },
  { name: 'which have changed', of: (data: Row) => ({ ...data, changed: [] }) },
  ...shorterJob,
];

/** `job wait`, which waits for the end, for as long as asked; the exit code says how the job stands then. */
export const jobWaitOf = (source: JobSource, output: z.ZodType): Command =>
  defineCommand({
    path: ['job', 'wait'],
    summary: 'Wait until jobs are done, or become blocked or failing; exits as "job status" does',
    danger_level: 'safe',
    argument: {
      ...jobIdArgument(source),
      description: `The id of the job, or up to ${mostJobs} of them`,
      most: mostJobs,
    },
    flags,
    rules: (given) =>
      given.has('any') && given.has('all') ? [{ path: '--any', message: 'cannot stand beside --all' }] : [],
    exit_codes: codesOfJob(source.exit_codes),
    output: z.union([output, severalSchema]),
    network: source.network,
    examples: [
      `job wait ${source.example_ids[0]} --wait-seconds 100`,
      `job wait ${source.example_ids.join(' ')} --any`,
      `job wait ${source.example_ids[0]} --output jsonl --wait-seconds 3600`,
    ],
    shorter,
    render: renderOneOrMore,
    run: async (context, { operands, any, wait_seconds, heartbeat_ms }) => {
      const job_ids = [...new Set(operands)];
      for (const job_id of job_ids) {
        const refused = refuseMalformedId(job_id, source, context);
        if (refused !== undefined) return refused;
      }
      const [only = ''] = job_ids;
      const following = { source, window_ms: wait_seconds * 1000, heartbeat_ms };
      const outcome =
        job_ids.length === 1
          ? await waitForJob(context, { ...following, job_id: only })
          : await waitForJobs(context, { ...following, job_ids, for: any ? 'any' : 'all' });
      return withoutPermissionCode(outcome);
    },
  });

function renderOneOrMore(data: unknown, context: Pick<Context, 'clock'>): string {
  const several = severalSchema.safeParse(data);
  return several.success
    ? several.data.jobs.map((job) => renderJob(job, context)).join('\n\n')
    : renderJob(data, context);
}
