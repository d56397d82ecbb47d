import * as z from 'zod';
import { statuses } from '../../core/job.ts';
import { type Command, defineCommand } from '../command.ts';
import { jobPageSchema } from '../descriptor-schema.ts';
import { codesOfRead } from '../exit-codes.ts';
import { someText } from '../flags.ts';
import { withOwnCommands } from '../invoked-as.ts';
import { tableOf } from '../plain-text.ts';
import { more, pageFlags, readRows } from '../read-rows.ts';
import { briefJob } from '../stay-brief.ts';

const jobTable = (data: unknown) => ({
  headings: ['JOB', 'KIND', 'NAME', 'STATUS', 'WHY', 'STARTED'],
  rows: jobPageSchema
    .parse(data)
    .items.map((job) => [
      job.job_id,
      job['kind'],
      job['name'],
      job['status'],
      job['reason'] ?? job['phase'],
      job['started_at'],
    ]),
});

/** Jobs, newest first. */
export const jobList: Command = defineCommand({
  path: ['job', 'list'],
  summary: 'List your jobs, newest first',
  danger_level: 'safe',
  flags: {
    status: { schema: z.enum(statuses), value: 'STATUS', description: `One of ${statuses.join(', ')}` },
    kind: { schema: someText(64), value: 'KIND', description: 'Only this kind' },
    ...pageFlags,
  },
  exit_codes: codesOfRead,
  output: jobPageSchema,
  network: true,
  examples: ['job list --status running'],
  run: (context, { status, kind, ...page }) =>
    readRows(
      context,
      {
        path: '/v1/jobs',
        name: 'items',
        answer: jobPageSchema,
        query: { status, kind },
        whole: (job) => withOwnCommands(job, context.cli_command),
        brief: briefJob,
      },
      page,
    ),
  table: jobTable,
  render: (data) => {
    const table = jobTable(data);
    return table.rows.length === 0 ? 'No jobs.' : `${tableOf(table)}${more(jobPageSchema.parse(data))}`;
  },
});
