import type { Clock } from '../ports.ts';
import { isNew } from './dynamo-conditions.ts';
import { expiry, hasExpired } from './dynamo-layout.ts';
import { newName } from './dynamo-partition.ts';
import type { Condition, Outcome, Row, Selection, Table } from './dynamo-table.ts';
import { sendInGroups } from './send-in-groups.ts';

/** A place in an inbox: so many entries of this page are behind the reader. */
export type Place = { page: number; entries: number };
/** An entry, and the place behind it. */
export type Entry = { event_id: string; behind: Place };

/** The order of an owner's events: their ids, on pages of a kilobyte. */
export type Inbox = {
  /** Appends an event that is owed since `owed_at_ms`; false when it was there. Appends that come together share a write. */
  append(owner: string, event_id: string, owed_at_ms: number): Promise<boolean>;
  /** Entries from `place` on, in append order, a table page at a time. */
  read(owner: string, place: Place): AsyncGenerator<Entry[]>;
};

/** A page that has so many entries is full: of 16 ids it stays below 1 KB, which is what an append is charged by. */
const pageIsFull = 16;
/** Appends in one write, which may push a page beyond that when two writers come at once. */
const mostTogether = 10;
/** Clocks of two functions differ by less. */
const clocksDiffer_ms = 5_000;
/** Owners whose last page one function keeps. */
const mostOwners = 256;

type Key = { pk: string; sk: string };
/** The page that an inbox goes on with, as far as this process knows; `opened_at_ms` is null when it is not opened yet. */
type Page = { number: number; size: number; opened_at_ms: number | null };
type Owed = { event_id: string; owed_at_ms: number };
/** `written_by` names the last write: who made it knows it again when the answer was lost. */
type PageRow = Row & { entries: string[]; opened_at_ms: number; written_by: string; expires_at?: number };

/**
 * Pages have contiguous numbers, and a page is opened when the one before is full, which it stays:
 *
 *   room, and the event not on it → append, in one conditional write      full → let it expire, open the next one with the event
 *
 * so that an event is on no page twice, entries never change their place, and whoever has read a full page to its end has missed
 * nothing. An event that may be older than the page is looked for on the pages before: its first append may have died there.
 */
export function createInbox(table: Table, clock: Pick<Clock, 'now'>, retention_days: number): Inbox {
  const last = new Map<string, Page>();
  const keyOf = (owner: string, page: number): Key => ({ pk: `INBOX#${owner}`, sk: padded(page) });
  const rowsOf = (owner: string, from: number, to: number, how: Omit<Selection, 'where'>) => {
    const values = { ':pk': `INBOX#${owner}`, ':first': padded(from), ':last': padded(to) };
    return table.query({ where: { text: 'pk = :pk AND sk BETWEEN :first AND :last', values }, ...how });
  };

  function keep(owner: string, page: Page): Page {
    last.delete(owner);
    last.set(owner, page);
    const [oldest] = last.keys();
    if (last.size > mostOwners && oldest !== undefined) last.delete(oldest);
    return page;
  }

  /** The page to go on with, and which of these events are on a page already; they are owed since then at the longest. */
  async function look(
    owner: string,
    event_ids: readonly string[],
    owed_at_ms: number,
  ): Promise<{ page: Page; there: Set<string> }> {
    const isOlder = ({ opened_at_ms }: Page): boolean =>
      opened_at_ms !== null && opened_at_ms < owed_at_ms - clocksDiffer_ms;
    const there = new Set<string>();
    const known = last.get(owner);
    if (known !== undefined && isOlder(known)) return { page: known, there };
    const page = (await pageOf(owner, lastPage)) ?? { number: 1, size: 0, opened_at_ms: null };
    if (page.opened_at_ms === null || isOlder(page)) return { page, there };
    const from = await lastOlder(owner, page.number, isOlder);
    for await (const { rows } of rowsOf(owner, from, lastPage, { consistent: true, Limit: 8 }))
      for (const row of rows as PageRow[]) {
        for (const event_id of row.entries) there.add(event_id);
        if (event_ids.every((event_id) => there.has(event_id))) return { page, there };
      }
    return { page, there };
  }
  /** The page of this number, or the last one before it. */
  async function pageOf(owner: string, number: number): Promise<Page | undefined> {
    const how = { ScanIndexForward: false, consistent: true, Limit: 1 };
    for await (const { rows } of rowsOf(owner, 1, number, how))
      for (const row of rows as PageRow[]) return shownAs(row);
    return undefined;
  }
  /** The last page before `young` that is older than what is looked for, or the first there is: most often it is not far. */
  async function lastOlder(owner: string, young: number, isOlder: (page: Page) => boolean): Promise<number> {
    // What is not there any more is older than anything that is owed.
    const isOld = async (number: number): Promise<boolean> => {
      const page = await pageOf(owner, number);
      return page?.number !== number || isOlder(page);
    };
    let old = young - 1;
    for (let step = 1; old > 0 && !(await isOld(old)); step *= 2) {
      young = old;
      old = Math.max(old - step, 0);
    }
    while (young - old > 1) {
      const middle = Math.floor((old + young) / 2);
      if (await isOld(middle)) old = middle;
      else young = middle;
    }
    return Math.max(old, 1);
  }

  /** Appends what is on no page yet; says which. */
  async function appendAll(owner: string, events: readonly Owed[]): Promise<Set<string>> {
    const fresh = new Set<string>();
    let left = [...new Set(events.map(({ event_id }) => event_id))];
    let { page, there } = await look(owner, left, Math.min(...events.map(({ owed_at_ms }) => owed_at_ms)));
    for (;;) {
      left = left.filter((event_id) => !there.has(event_id) && !fresh.has(event_id));
      if (left.length === 0) return fresh;
      if (page.opened_at_ms !== null && page.size >= pageIsFull) page = await turn(owner, page.number);
      const some = left.slice(0, pageIsFull - page.size);
      const written_by = newName();
      const { done, row } = await write(keyOf(owner, page.number), page.opened_at_ms === null, some, written_by);
      const { entries, opened_at_ms, ...now } = row as PageRow; // written by `write`, and never removed before it is full
      page = keep(owner, { number: page.number, size: entries.length, opened_at_ms });
      if (done || now.written_by === written_by) for (const event_id of some) fresh.add(event_id);
      else there = new Set(entries);
    }
  }
  function write(key: Key, opens: boolean, entries: string[], written_by: string): Promise<Outcome> {
    if (opens) return table.putIf({ ...key, opened_at_ms: clock.now(), entries, written_by }, isNew);
    return table.update(key, { set: { written_by }, append: { entries }, condition: hasRoomFor(entries) });
  }
  /** Only pages that are full expire: numbers are never given again. Whoever dies here still owes its event, and comes back. */
  async function turn(owner: string, number: number): Promise<Page> {
    const expires_at = expiry.after(clock.now(), retention_days);
    await table.update(keyOf(owner, number), { set: { expires_at }, condition: isThere });
    return { number: number + 1, size: 0, opened_at_ms: null };
  }

  const append = sendInGroups<Owed, boolean>({
    fits: (waiting) => Math.min(waiting.length, mostTogether),
    send: async (owner, owed) => {
      const fresh = await appendAll(owner, owed).catch((error: unknown) => {
        last.delete(owner);
        throw error;
      });
      // Of two that bring the same event only one has appended it.
      return owed.map(({ event_id }) => fresh.delete(event_id));
    },
  });

  return {
    append: (owner, event_id, owed_at_ms) => append(owner, { event_id, owed_at_ms }),
    read: async function* (owner, place) {
      let next = Math.max(place.page, 1);
      for await (const { rows } of rowsOf(owner, next, lastPage, { Limit: 4 }))
        for (const row of rows as PageRow[]) {
          const number = Number(row['sk']);
          // A page is missing: it has expired, and this one is as old, or the read trails the last writes.
          if (number > next && clock.now() - row.opened_at_ms < retention_days * day_ms) return;
          const behind = number === place.page ? place.entries : 0;
          const entries = hasExpired(row, clock.now()) ? [] : row.entries;
          yield entries.map((event_id, at) => ({ event_id, behind: { page: number, entries: at + 1 } })).slice(behind);
          if (row.entries.length < pageIsFull) return;
          next = number + 1;
        }
    },
  };
}

const shownAs = ({ sk, entries, opened_at_ms }: PageRow): Page => ({
  number: Number(sk),
  size: entries.length,
  opened_at_ms,
});
const day_ms = 86_400_000;
const lastPage = 999_999_999_999;
const padded = (page: number): string => String(page).padStart(12, '0');

const isThere: Condition = { text: 'attribute_exists(pk)', values: {} };
const hasRoomFor = (entries: string[]): Condition => ({
  text: ['size(entries) < :full', ...entries.map((_, at) => `NOT contains(entries, :entry${at})`)].join(' AND '),
  values: { ':full': pageIsFull, ...Object.fromEntries(entries.map((entry, at) => [`:entry${at}`, entry])) },
});
