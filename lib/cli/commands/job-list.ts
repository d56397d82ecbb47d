import * as z from 'zod';
import { statuses } from '../../core/job.ts';
import { callApi } from '../client.ts';
import { type Command, defineCommand } from '../command.ts';
import { eventPageSchema, jobPageSchema } from '../descriptor-schema.ts';
import { codesOfRead } from '../exit-codes.ts';
import { type Flag, someText, wholeNumber } from '../flags.ts';
import { withOwnCommands } from '../invoked-as.ts';
import { success } from '../outcome.ts';
import { tableOf } from '../plain-text.ts';

const pageFlags = {
  limit: { schema: wholeNumber(1, 100), value: 'N', description: 'How many at most, 20 without it' },
  cursor: { schema: someText(1024), value: 'CURSOR', description: 'Where to go on: next_cursor of the page before' },
} satisfies Record<string, Flag>;

type Page = { next_cursor: string | null; has_more: boolean };

const metaOf = (page: Page, returned: number) => ({
  cursor: page.next_cursor,
  pagination: {
    total: null,
    returned,
    truncated: page.has_more,
    has_more: page.has_more,
    next_cursor: page.next_cursor,
  },
});

const more = (page: Page): string => (page.has_more ? `\nMore: --cursor ${page.next_cursor}` : '');

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
  run: async (context, { status, kind, limit, cursor }) => {
    const query = { status, kind, limit, cursor };
    const answered = await callApi(context, { method: 'GET', path: '/v1/jobs', query, answer: jobPageSchema });
    if (!answered.ok) return answered.outcome;
    const page = answered.value;
    const items = page.items.map((item) => withOwnCommands(item, context.cli_command));
    return success({ ...page, items }, metaOf(page, items.length));
  },
  render: (data) => {
    const page = jobPageSchema.parse(data);
    const rows = page.items.map((job) => [
      job.job_id,
      job['kind'],
      job['name'],
      job['status'],
      job['reason'] ?? job['phase'],
      job['started_at'],
    ]);
    return rows.length === 0
      ? 'No jobs.'
      : `${tableOf(['JOB', 'KIND', 'NAME', 'STATUS', 'WHY', 'STARTED'], rows)}${more(page)}`;
  },
});

/** The durable inbox, oldest first. */
export const jobEvents: Command = defineCommand({
  path: ['job', 'events'],
  summary: 'Read the inbox of what happened to your jobs; keep next_cursor and go on from it',
  danger_level: 'safe',
  flags: {
    ...pageFlags,
    wait_seconds: {
      schema: wholeNumber(0, 25),
      value: 'SECONDS',
      description: 'How long the server may wait for an event, 0 to 25',
    },
  },
  exit_codes: codesOfRead,
  output: eventPageSchema,
  network: true,
  examples: ['job events --wait-seconds 25'],
  run: async (context, { limit, cursor, wait_seconds }) => {
    const answered = await callApi(context, {
      method: 'GET',
      path: '/v1/events',
      query: { cursor, limit, wait_seconds },
      held_ms: (wait_seconds ?? 0) * 1000,
      answer: eventPageSchema,
    });
    if (!answered.ok) return answered.outcome;
    const page = answered.value;
    const events = page.events.map((event) =>
      'data' in event ? { ...event, data: withOwnCommands(event['data'], context.cli_command) } : event,
    );
    return success({ ...page, events }, metaOf(page, events.length));
  },
  render: (data) => {
    const page = eventPageSchema.parse(data);
    const rows = page.events.map((event) => {
      const job =
        typeof event['data'] === 'object' && event['data'] !== null
          ? (event['data'] as Record<string, unknown>)
          : event;
      return [
        event['timestamp'] ?? event['at'],
        event['type'],
        job['job_id'],
        job['status'],
        job['reason'] ?? job['phase'],
      ];
    });
    return rows.length === 0
      ? 'No events.'
      : `${tableOf(['TIME', 'EVENT', 'JOB', 'STATUS', 'WHY'], rows)}${more(page)}`;
  },
});
