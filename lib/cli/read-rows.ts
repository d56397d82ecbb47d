import type * as z from 'zod';
import { callApi } from './client.ts';
import type { Context } from './context.ts';
import { type Flag, someText, wholeNumber } from './flags.ts';
import { type Outcome, success } from './outcome.ts';
import { bytesForRows, bytesOf, keepsSize } from './stay-brief.ts';

type Row = Record<string, unknown>;
type Page = { rows: Row[]; next_cursor: string | null; has_more: boolean };

/** Options of every list. */
export const pageFlags = {
  limit: {
    schema: wholeNumber(0, 100),
    value: 'N',
    description: 'How many at most, 0 = all; without it 20, or fewer where an answer would get long',
  },
  cursor: { schema: someText(1024), value: 'CURSOR', description: 'Where to go on: next_cursor of the page before' },
} satisfies Record<string, Flag>;

/** What is read: where, under which name the rows stand, and what a row is when there is little room. */
export type Reading<Answer> = {
  path: string;
  name: 'items' | 'events';
  answer: z.ZodType<Answer>;
  query: Record<string, string | number | undefined>;
  held_ms?: number;
  whole(row: Row): Row;
  brief(row: Row): Row;
};

const usualRows = 20;
const rowsPerCall = 100;

/**
 * Reads a page, or with `limit` 0 all there is, in rows that fit into one answer:
 *
 *   whole rows ── too long ──▶ brief rows ── still too long, and nobody said how many ──▶ the same page again, with fewer
 *
 * A page is never cut here: `next_cursor` must be that of the last row shown, so that none is skipped.
 */
export async function readRows<Answer>(
  context: Context,
  reading: Reading<Answer>,
  { limit, cursor }: { limit: number | undefined; cursor: string | undefined },
): Promise<Outcome> {
  const keeps = keepsSize(context.format);
  const roomFor = (much: boolean): number => (keeps ? bytesForRows(context, much) : Number.POSITIVE_INFINITY);
  const room = { whole: roomFor(context.full), brief: roomFor(context.full || limit !== undefined) };
  const first = await readPage(context, reading, limit === 0 ? rowsPerCall : (limit ?? usualRows), cursor);
  if ('outcome' in first) return first.outcome;
  let page = first.page;
  while (limit === 0 && page.has_more && page.next_cursor !== null) {
    const next = await readPage(context, { ...reading, held_ms: 0 }, rowsPerCall, page.next_cursor);
    if ('outcome' in next) return next.outcome;
    const rows = [...page.rows, ...next.page.rows];
    if (bytesOf(rows.map(context.full ? reading.whole : reading.brief)) > room.brief) break;
    page = { ...next.page, rows };
  }
  const wanted = page.rows.length;
  const shown = fitting(page.rows, reading, room, context.full);
  if (limit !== 0 && shown.count < wanted) {
    const fewer = await readPage(context, { ...reading, held_ms: 0 }, shown.count, cursor);
    if ('outcome' in fewer) return fewer.outcome;
    page = fewer.page;
  }
  return told(context, reading, page, { brief: shown.brief, fewer: page.rows.length < wanted });
}

/** Whether rows must be brief, and how many fit then; at least one. */
function fitting<Answer>(
  rows: Row[],
  { whole, brief }: Reading<Answer>,
  room: { whole: number; brief: number },
  full: boolean,
) {
  if (bytesOf(rows.map(whole)) <= room.whole) return { brief: false, count: rows.length };
  const row = full ? whole : brief;
  let [used, count] = [0, 0];
  for (const one of rows) {
    used += bytesOf(row(one)) + 1;
    if (used > room.brief) break;
    count += 1;
  }
  return { brief: !full, count: Math.max(1, count) };
}

async function readPage<Answer>(
  context: Context,
  { path, name, answer, query, held_ms = 0 }: Reading<Answer>,
  limit: number,
  cursor: string | undefined,
): Promise<{ page: Page } | { outcome: Outcome }> {
  const hold = held_ms === 0 ? {} : { wait_seconds: held_ms / 1000 };
  const answered = await callApi(context, {
    method: 'GET',
    path,
    query: { ...query, ...hold, limit, cursor },
    held_ms,
    answer,
  });
  if (!answered.ok) return { outcome: answered.outcome };
  // Pages have this form by their schemas; only the name of the rows differs.
  const { [name]: rows, next_cursor, has_more } = answered.value as { [key: string]: unknown } & Omit<Page, 'rows'>;
  return { page: { rows: rows as Row[], next_cursor, has_more } };
}

/** The page as an answer; with `jsonl` its rows have a line each and the envelope says where to go on. */
function told<Answer>(
  context: Context,
  { name, whole, brief }: Reading<Answer>,
  { rows, next_cursor, has_more }: Page,
  cut: { brief: boolean; fewer: boolean },
): Outcome {
  let shown = rows.map(cut.brief ? brief : whole);
  if (context.format === 'jsonl') {
    for (const row of shown) context.emit(row);
    shown = [];
  }
  const truncated = cut.brief || cut.fewer;
  const hint = `${cut.brief ? 'Rows are brief: --full has them whole. ' : ''}${cut.fewer ? 'More rows: --limit N, or go on from next_cursor.' : ''}`;
  const meta = {
    cursor: next_cursor,
    pagination: { total: null, returned: rows.length, truncated: has_more, has_more, next_cursor },
    ...(truncated ? { truncated, returned_count: rows.length, truncation_hint: hint.trim() } : {}),
  };
  return success({ [name]: shown, next_cursor, has_more }, meta);
}

/** Where a person goes on. */
export const more = (page: { next_cursor: string | null; has_more: boolean }): string =>
  page.has_more ? `\nMore: --cursor ${page.next_cursor}` : '';
