import { RequestError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { indexes } from '../env.ts';
import type { JobStore, ListQuery } from '../ports.ts';
import { activePrefix, activeShardsOf, ageOf, endedShards, jobIdIn } from './dynamo-layout.ts';
import type { Condition, Page, Row, Table } from './dynamo-table.ts';

/** Index pages read for one list at most, of 200 entries each: a filter that nothing matches ends, and goes on with the next cursor. */
const mostPages = 64;
const pageEntries = 200;

/** One partition of an index, as far as one owner's jobs stand in it by age. */
type Shelf = { index: string; partition: Condition; sort: string; prefix: string; filter: Condition | undefined };
/** A shelf, read newest first. */
type Stream = {
  entries: string[];
  reached: string;
  ended: boolean;
  ageIn: (row: Row) => string;
  pages: AsyncGenerator<Page>;
};

/**
 * What the indexes are for: active-jobs shows an owner's running jobs, jobs-of-owner the ended ones. One that ends right now, or
 * still owes something, stands in both. They trail the table by a moment: what is shown is read from the records.
 */
export function createJobList(
  table: Table,
  load: (job_id: string) => Promise<Job | undefined>,
): Pick<JobStore, 'countActive' | 'list'> {
  /** Reads `enough` entries at most. */
  async function countShard(owner: string, shard: string, enough: number): Promise<number> {
    const where = {
      text: 'active_shard = :shard AND begins_with(active_job, :owner)',
      values: { ':shard': shard, ':owner': activePrefix(owner) },
    };
    let count = 0;
    for await (const page of table.query({ IndexName: indexes.active, where, Select: 'COUNT', Limit: enough })) {
      count += page.count;
      if (count >= enough) return enough;
    }
    return count;
  }
  function open({ index, partition, sort, prefix, filter }: Shelf, limit: number, before: string): Stream {
    const pages = table.query({
      IndexName: index,
      where: {
        text: `${partition.text} AND ${sort} BETWEEN :first AND :last`,
        // Both ends are included: `fill` leaves out what the page before ended with.
        values: { ...partition.values, ':first': `${prefix}0`, ':last': `${prefix}${before}` },
      },
      filter,
      ScanIndexForward: false,
      Limit: filter === undefined ? limit + 2 : pageEntries,
    });
    return { entries: [], reached: '~', ended: false, ageIn: (row) => String(row[sort]).slice(prefix.length), pages };
  }
  async function fill(stream: Stream, before: string): Promise<void> {
    const { value, done } = await stream.pages.next();
    if (done === true) {
      stream.ended = true;
      return;
    }
    stream.entries = value.rows.map(stream.ageIn).filter((age) => age < before);
    stream.reached = value.last === undefined ? '' : stream.ageIn(value.last);
    stream.ended = value.last === undefined;
  }

  /** Ages, newest first, and where to go on. */
  async function pick(query: ListQuery, before: string): Promise<{ ages: string[]; next: string | null }> {
    const streams = shelvesFor(query).map((shelf) => open(shelf, query.limit, before));
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
      // A job can stand on two shelves.
      if (age === ages.at(-1)) continue;
      if (ages.length === query.limit) return { ages, next: ages.at(-1) ?? null };
      ages.push(age);
    }
  }

  return {
    countActive: async (owner, enough) => {
      let count = 0;
      // One shard after the other, so that no more is read than there has to be.
      for (const shard of activeShardsOf(owner))
        if (count < enough) count += await countShard(owner, shard, enough - count);
      return count;
    },
    list: async (query) => {
      const { ages, next } = await pick(query, query.cursor === undefined ? '~' : ageOfCursor(query.cursor));
      const jobs = await Promise.all(ages.map((age) => load(jobIdIn(age))));
      return {
        jobs: jobs.flatMap((job) => (job !== undefined && isWanted(job, query) ? job : [])),
        next_cursor: next === null ? null : cursorOf(next),
      };
    },
  };
}

const newer = (best: Stream | undefined, stream: Stream): Stream | undefined =>
  (stream.entries[0] ?? '') > (best?.entries[0] ?? '') ? stream : best;

/** Where jobs of this status can stand. */
function shelvesFor({ owner, status, kind }: ListQuery): Shelf[] {
  const running = activeShardsOf(owner).map((shard): Shelf => {
    const partition = { text: 'active_shard = :shard', values: { ':shard': shard } };
    const filter = filterOf(undefined, kind);
    return { index: indexes.active, partition, sort: 'active_job', prefix: activePrefix(owner), filter };
  });
  const ended = endedShards(owner).map((shard): Shelf => {
    const partition = { text: 'owner_shard = :shard', values: { ':shard': shard } };
    return { index: indexes.owner, partition, sort: 'created', prefix: '', filter: filterOf(status, kind) };
  });
  if (status === undefined) return [...running, ...ended];
  return status === 'running' ? running : ended;
}

function filterOf(status: string | undefined, kind: string | undefined): Condition | undefined {
  const parts: [string, Record<string, string>][] = [];
  if (status !== undefined) parts.push(['#status = :status', { ':status': status }]);
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
