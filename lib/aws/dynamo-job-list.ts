import { RequestError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { indexes } from '../env.ts';
import type { JobStore, ListQuery } from '../ports.ts';
import { ageOf, ownerShards, stretches, stretchOf } from './dynamo-layout.ts';
import type { Condition, Page, Row, Table } from './dynamo-table.ts';

/** Index pages read for one list at most, of 200 entries each: a filter that nothing matches ends, and goes on with the next cursor. */
const mostPages = 64;
const pageEntries = 200;

/** A stretch of one shard, read newest first. */
type Stream = { entries: string[]; reached: string; ended: boolean; pages: AsyncGenerator<Page> };

/** What the index jobs-of-owner is for. It trails the table by a moment: what is shown is read from the records. */
export function createJobList(
  table: Table,
  load: (job_id: string) => Promise<Job | undefined>,
): Pick<JobStore, 'countActive' | 'list'> {
  /** Reads `enough` entries at most. */
  async function countShard(owner_shard: string, enough: number): Promise<number> {
    const where = {
      text: 'owner_shard = :shard AND begins_with(created, :running)',
      values: { ':shard': owner_shard, ':running': 'running#' },
    };
    let count = 0;
    for await (const page of table.query({ IndexName: indexes.owner, where, Select: 'COUNT', Limit: enough })) {
      count += page.count;
      if (count >= enough) return enough;
    }
    return count;
  }
  function open(owner_shard: string, stretch: string, { status, kind, limit }: ListQuery, before: string): Stream {
    const filter = filterOf(status, kind);
    const pages = table.query({
      IndexName: indexes.owner,
      where: {
        text: 'owner_shard = :shard AND created BETWEEN :first AND :last',
        // Both ends are included: `fill` leaves out what the page before ended with.
        values: { ':shard': owner_shard, ':first': `${stretch}#`, ':last': `${stretch}#${before}` },
      },
      filter,
      ScanIndexForward: false,
      Limit: filter === undefined ? limit + 2 : pageEntries,
    });
    return { entries: [], reached: '~', ended: false, pages };
  }
  async function fill(stream: Stream, before: string): Promise<void> {
    const { value, done } = await stream.pages.next();
    if (done === true) {
      stream.ended = true;
      return;
    }
    stream.entries = value.rows.map(ageIn).filter((age) => age < before);
    stream.reached = value.last === undefined ? '' : ageIn(value.last);
    stream.ended = value.last === undefined;
  }

  /** Ages, newest first, and where to go on. */
  async function pick(query: ListQuery, before: string): Promise<{ ages: string[]; next: string | null }> {
    const wanted = query.status === undefined ? stretches : [stretchOf(query.status)];
    const streams = ownerShards(query.owner).flatMap((shard) => wanted.map((one) => open(shard, one, query, before)));
    const ages: string[] = [];
    for (let pages = 0; ; ) {
      const dry = streams.filter((stream) => stream.entries.length === 0 && !stream.ended);
      if (dry.length > 0 && pages < mostPages) {
        await Promise.all(dry.map((stream) => fill(stream, before)));
        pages += dry.length;
        continue;
      }
      // Nothing newer than this is unread.
      const safe = dry.reduce((newest, { reached }) => (reached > newest ? reached : newest), '');
      const next = streams.reduce<Stream | undefined>(newer, undefined);
      const age = next?.entries[0];
      if (age === undefined || age < safe) return { ages, next: safe === '' ? null : safe };
      next?.entries.shift();
      // A job that ends right now can stand in both stretches.
      if (age === ages.at(-1)) continue;
      if (ages.length === query.limit) return { ages, next: ages.at(-1) ?? null };
      ages.push(age);
    }
  }

  return {
    countActive: async (owner, enough) => {
      let count = 0;
      // One shard after the other, so that no more is read than there has to be.
      for (const shard of ownerShards(owner)) if (count < enough) count += await countShard(shard, enough - count);
      return count;
    },
    list: async (query) => {
      const { ages, next } = await pick(query, query.cursor === undefined ? '~' : ageOfCursor(query.cursor));
      const jobs = await Promise.all(ages.map((age) => load(age.slice(age.indexOf('#') + 1))));
      return {
        jobs: jobs.flatMap((job) => (job !== undefined && isWanted(job, query) ? job : [])),
        next_cursor: next === null ? null : cursorOf(next),
      };
    },
  };
}

const newer = (best: Stream | undefined, stream: Stream): Stream | undefined =>
  (stream.entries[0] ?? '') > (best?.entries[0] ?? '') ? stream : best;

const ageIn = (row: Row): string => String(row['created']).replace(/^[a-z]+#/, '');

function filterOf(status: string | undefined, kind: string | undefined): Condition | undefined {
  const parts: [string, Record<string, string>][] = [];
  if (status !== undefined && status !== 'running') parts.push(['#status = :status', { ':status': status }]);
  if (kind !== undefined) parts.push(['kind = :kind', { ':kind': kind }]);
  if (parts.length === 0) return undefined;
  return {
    text: parts.map(([text]) => text).join(' AND '),
    values: Object.assign({}, ...parts.map(([, values]) => values)),
  };
}

const isWanted = ({ owner, state, spec }: Job, query: ListQuery): boolean =>
  owner === query.owner &&
  (query.status === undefined || state.status === query.status) &&
  (query.kind === undefined || spec.kind.name === query.kind);

const cursorOf = (age: string): string => age.replace(/^0*(\d+)#/, '$1.');

function ageOfCursor(cursor: string): string {
  const [, generation_ms, job_id] = /^(\d{1,15})\.(job_[0-9a-z]{26})$/.exec(cursor) ?? [];
  if (generation_ms !== undefined && job_id !== undefined)
    return ageOf({ generation_ms: Number(generation_ms), job_id });
  throw new RequestError('INVALID_REQUEST', 'the cursor is not one of ours; use next_cursor of the page before', {
    problems: [{ path: 'cursor', message: 'is not one of ours' }],
  });
}
