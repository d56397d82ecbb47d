import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { JobEvent } from '../core/announcement.ts';
import { RequestError } from '../core/errors.ts';
import type { Clock, Events } from '../ports.ts';
import { isNew } from './dynamo-conditions.ts';
import { expiry, hasExpired } from './dynamo-layout.ts';
import { openTable, type Row } from './dynamo-table.ts';
import { pack, unpack } from './pack.ts';

export type DynamoEventsOptions = {
  documents: DynamoDBDocumentClient;
  table: string;
  clock: Pick<Clock, 'now'>;
  /** An event goes so long after it was appended. */
  retention_days?: number;
};

/** Longer than any function of ours lives: a number that nobody used by then is never used. */
const writerLifeMs = 90_000;
/** A number this old is not used any more by who finds it unused: a reader may be about to pass it over. */
const usableMs = 45_000;

/** A number of the inbox, and the moment that the one before was given out. */
type Place = { number: number; before_ms: number };
/** Which number an event has. */
type Marker = Place & { at_ms: number };

/**
 * The inbox of an owner: events under contiguous numbers, which are the cursors.
 *
 *   take a number → mark the event with it (if unmarked) → put the event under it (if nothing is there)
 *
 * Readers serve numbers without a gap, and pass a gap over once everybody who could fill it is gone. Whoever repeats an append
 * finds the mark: a young number is used, an old one is voided and replaced, so that no event comes to stand behind a reader.
 */
export function createDynamoEvents({
  documents,
  table: name,
  clock,
  retention_days = 30,
}: DynamoEventsOptions): Events {
  const table = openTable(documents, name);
  const goesAt = (): number => expiry.after(clock.now(), retention_days);
  const inbox = (owner: string): string => `INBOX#${owner}`;

  async function take(owner: string): Promise<Place> {
    const update = { set: { at_ms: clock.now() }, add: { number: 1 } };
    const { row } = await table.update({ pk: inbox(owner), sk: 'COUNTER' }, update, { before: true });
    return { number: Number(row?.['number'] ?? 0) + 1, before_ms: Number(row?.['at_ms'] ?? 0) };
  }
  const put = (owner: string, { number, before_ms }: Place, content: { event: Uint8Array } | { void: true }) =>
    table.putIf({ pk: inbox(owner), sk: padded(number), before_ms, ...content, expires_at: goesAt() }, isNew);

  /** Marks the event with a number, unless it is marked: then says with which. */
  async function mark(event_id: string, place: Place, at_ms: number): Promise<Marker | undefined> {
    const row = { ...markerKey(event_id), ...place, at_ms, expires_at: goesAt() };
    const { done, row: known } = await table.putIf(row, isNew);
    return done ? undefined : (known as Marker | undefined); // written by the line above, or by `replace`
  }
  async function replace(event_id: string, number: number, place: Place, at_ms: number): Promise<Marker | undefined> {
    const condition = { text: '#number = :old', values: { ':old': number } };
    const { done, row } = await table.update(markerKey(event_id), { set: { ...place, at_ms }, condition });
    return done ? undefined : (row as Marker | undefined); // as above
  }

  /** An append of an event that is marked already: by a repeat, or by another writer right now. */
  async function repeat(owner: string, event_id: string, event: Uint8Array, marker: Marker): Promise<void> {
    if (clock.now() - marker.at_ms < usableMs) {
      const { done, row } = await put(owner, marker, { event });
      if (done || row?.['void'] !== true) return;
    }
    const { row } = await put(owner, marker, { void: true });
    if (row?.['event'] !== undefined) return;
    const at_ms = clock.now();
    const place = await take(owner);
    const other = await replace(event_id, marker.number, place, at_ms);
    await finish(owner, event_id, event, place, other);
  }
  /** Puts the event under its number; a number that came to nothing is voided at once, so that no reader waits for it. */
  async function finish(
    owner: string,
    event_id: string,
    event: Uint8Array,
    place: Place,
    other: Marker | undefined,
  ): Promise<void> {
    if (other !== undefined) {
      await put(owner, place, { void: true });
      return repeat(owner, event_id, event, other);
    }
    const { done, row } = await put(owner, place, { event });
    if (done || row?.['event'] !== undefined) return;
    return repeat(owner, event_id, event, { ...place, at_ms: 0 });
  }

  return {
    append: async (owner, event) => {
      const at_ms = clock.now();
      const place = await take(owner);
      const other = await mark(event.event_id, place, at_ms);
      await finish(owner, event.event_id, pack(event), place, other);
    },
    list: async ({ owner, cursor, limit }) => {
      const events: JobEvent[] = [];
      let reached = positionOf(cursor);
      const pages = table.query({
        where: {
          text: 'pk = :pk AND sk BETWEEN :first AND :last',
          values: { ':pk': inbox(owner), ':first': padded(reached + 1), ':last': pastNumbers },
        },
        Limit: limit + 1,
      });
      for await (const { rows } of pages)
        for (const row of rows) {
          const number = Number(row['sk']);
          const gap = number > reached + 1;
          if (gap && clock.now() - Number(row['before_ms']) < writerLifeMs) return page(false);
          const event = eventIn(row);
          if (event !== undefined && events.length === limit) return page(true);
          if (event !== undefined) events.push(event);
          reached = number;
        }
      return page(false);

      function page(has_more: boolean) {
        return { events, next_cursor: String(reached), has_more };
      }
    },
  };

  /** Undefined for a voided number, and for an event that only waits for its removal. */
  function eventIn(row: Row): JobEvent | undefined {
    const { event, expires_at } = row as { event?: Uint8Array; expires_at?: number }; // written by `put`
    if (event === undefined || hasExpired({ expires_at }, clock.now())) return undefined;
    return unpack(event) as JobEvent; // written by `append`, from the same type
  }
}

const markerKey = (event_id: string) => ({ pk: `EVENT#${event_id}`, sk: 'NUMBER' });
/** Sorts after every digit, and before COUNTER. */
const pastNumbers = ':';
const padded = (number: number): string => String(number).padStart(15, '0');

function positionOf(cursor: string | null): number {
  if (cursor === null) return 0;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  const message = 'is not one of ours; use next_cursor of the page before, or leave it out to begin at the oldest';
  throw new RequestError('INVALID_REQUEST', `the cursor ${message}`, { problems: [{ path: 'cursor', message }] });
}
