import { type Command, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { eventPageSchema } from '../descriptor-schema.ts';
import { codesOfRead } from '../exit-codes.ts';
import { wholeNumber } from '../flags.ts';
import { withOwnCommands } from '../invoked-as.ts';
import { tableOf } from '../plain-text.ts';
import { more, pageFlags, readRows } from '../read-rows.ts';
import { toldJob } from '../stay-brief.ts';

type Row = Record<string, unknown>;

const jobOf = (event: Row): Row =>
  typeof event['data'] === 'object' && event['data'] !== null ? (event['data'] as Row) : event;

const eventTable = (data: unknown) => ({
  headings: ['TIME', 'EVENT', 'JOB', 'STATUS', 'WHY'],
  rows: eventPageSchema.parse(data).events.map((event) => {
    const job = jobOf(event);
    const { timestamp, at, type } = event as Row;
    return [timestamp ?? at, type, job['job_id'], job['status'], job['reason'] ?? job['phase']];
  }),
});

const wholeEvent = (event: Row, { cli_command }: Context): Row =>
  'data' in event ? { ...event, data: withOwnCommands(event['data'], cli_command) } : event;

const briefEvent = (event: Row): Row => {
  const { event_id, type, timestamp } = event;
  return { event_id, type, timestamp, data: toldJob(jobOf(event)) };
};

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
  run: (context, { wait_seconds = 0, ...page }) =>
    readRows(
      context,
      {
        path: '/v1/events',
        name: 'events',
        answer: eventPageSchema,
        query: {},
        held_ms: wait_seconds * 1000,
        whole: (event) => wholeEvent(event, context),
        brief: briefEvent,
      },
      page,
    ),
  table: eventTable,
  render: (data) => {
    const table = eventTable(data);
    return table.rows.length === 0 ? 'No events.' : `${tableOf(table)}${more(eventPageSchema.parse(data))}`;
  },
});
