import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { eventOf, type JobEvent } from '../core/announcement.ts';
import type { Address } from '../core/descriptor.ts';
import { RequestError } from '../core/errors.ts';
import { isTerminal } from '../core/job.ts';
import type { Clock, Events, JobStore } from '../ports.ts';
import { isNew } from './dynamo-conditions.ts';
import { createInbox, type Place } from './dynamo-inbox.ts';
import { eventKey, expiry, hasExpired, partsOf } from './dynamo-layout.ts';
import { openTable, type Row } from './dynamo-table.ts';
import { pack, unpack } from './pack.ts';

export type DynamoEventsOptions = {
  documents: DynamoDBDocumentClient;
  table: string;
  clock: Pick<Clock, 'now'>;
  /** Where jobs end, and how they are spoken of. */
  jobs: Pick<JobStore, 'load'>;
  address: () => Address;
  /** An event goes so long after it was appended. */
  retention_days?: number;
};

/**
 * The inbox of an owner: what each event says is written first, under its id, then its place in the order. What is said of a
 * job's end is not written at all: the record says it, which never changes afterwards and stays as long.
 */
export function createDynamoEvents(options: DynamoEventsOptions): Events {
  const { clock, jobs, address, retention_days = 30 } = options;
  const table = openTable(options.documents, options.table);
  const inbox = createInbox(table, clock, retention_days);

  async function keep(event: JobEvent): Promise<void> {
    const expires_at = expiry.after(clock.now(), retention_days);
    await table.putIf({ ...eventKey(event.event_id), event: pack(event), expires_at }, isNew);
  }
  /** Undefined for an event that has expired. It was there before its place was: a read that finds none may trail, and is made again. */
  async function written(event_id: string): Promise<JobEvent | undefined> {
    const { pk, sk } = eventKey(event_id);
    const where = { text: 'pk = :pk AND sk = :sk', values: { ':pk': pk, ':sk': sk } };
    const [row = (await table.all({ where, consistent: true }))[0]] = await table.all({ where });
    return row === undefined || hasExpired(row as { expires_at?: number }, clock.now()) ? undefined : eventIn(row);
  }
  /** Undefined when the record has expired, or is a later job's. */
  async function ofTheEnd(event_id: string): Promise<JobEvent | undefined> {
    const { job_id, generation_ms } = partsOf(event_id);
    const trailing = await jobs.load(job_id);
    const job = trailing !== undefined && !isTerminal(trailing) ? await jobs.load(job_id, { latest: true }) : trailing;
    if (job?.generation_ms !== generation_ms || job.state.settled_at_ms === null) return undefined;
    return eventOf(job, { event_id, type: 'settled', at_ms: job.state.settled_at_ms }, address());
  }
  const read = (event_id: string): Promise<JobEvent | undefined> =>
    partsOf(event_id).type === 'settled' ? ofTheEnd(event_id) : written(event_id);
  const eventIn = (row: Row): JobEvent => unpack(row['event'] as Uint8Array) as JobEvent; // written by `keep`

  return {
    append: async (owner, event) => {
      if (event.type !== 'job.settled') await keep(event);
      return inbox.append(owner, event.event_id, Date.parse(event.timestamp));
    },
    list: async ({ owner, cursor, limit }) => {
      const events: JobEvent[] = [];
      let reached = placeOf(cursor);
      for await (const entries of inbox.read(owner, reached)) {
        while (entries.length > 0) {
          if (events.length === limit) return page(true);
          const some = entries.splice(0, limit - events.length);
          const found = await Promise.all(some.map(({ event_id }) => read(event_id)));
          events.push(...found.filter((event) => event !== undefined));
          reached = some.at(-1)?.behind ?? reached;
        }
      }
      return page(false);

      function page(has_more: boolean) {
        return { events, next_cursor: cursorOf(reached), has_more };
      }
    },
  };
}

/** Places as one number, entries in its last three digits. */
const cursorOf = ({ page, entries }: Place): string => String(page * 1000 + entries);
function placeOf(cursor: string | null): Place {
  const number = cursor === null ? 0 : Number(/^\d{1,15}$/.exec(cursor)?.[0]);
  if (!Number.isNaN(number)) return { page: Math.floor(number / 1000), entries: number % 1000 };
  const message = 'is not one of ours; use next_cursor of the page before, or leave it out to begin at the oldest';
  throw new RequestError('INVALID_REQUEST', `the cursor ${message}`, { problems: [{ path: 'cursor', message }] });
}
