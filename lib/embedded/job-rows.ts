import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { RequestError } from '../core/errors.ts';
import { isTerminal, type Job, type JobSeen, untouched } from '../core/job.ts';
import type { ListQuery } from '../ports.ts';

/** Jobs as rows: `record` never changes, `hot` often, `seen` seldom. Writes belong into a transaction. */
export type JobRows = {
  /** False when there is a row of that id already. */
  insert(job: Job): boolean;
  /** Writes what differs from `before`, which is what the row holds. */
  update(job: Job, before: Job): void;
  select(job_id: string): Job | undefined;
  /** Jobs that run or owe something. */
  active(): Iterable<Job>;
  /** Newest first; `live` is how a job stands in memory, if it is there. */
  page(query: ListQuery, live: (job_id: string) => Job | undefined): { jobs: Job[]; next_cursor: string | null };
};

/** A job is active while it runs or owes an event. */
export const isActive = (job: Job): boolean => !isTerminal(job) || job.state.owed.length > 0;

export function createJobRows(sql: DatabaseSync): JobRows {
  const insert = sql.prepare(
    'INSERT INTO jobs (job_id, owner, kind, status, active, generation_ms, settled_at_ms, record, hot, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const updateHot = sql.prepare('UPDATE jobs SET status = ?, active = ?, settled_at_ms = ?, hot = ? WHERE job_id = ?');
  const updateSeen = sql.prepare('UPDATE jobs SET seen = ? WHERE job_id = ?');
  const select = sql.prepare('SELECT record, hot, seen FROM jobs WHERE job_id = ?');
  const selectActive = sql.prepare('SELECT record, hot, seen FROM jobs WHERE active = 1');
  const pages = new Map<string, StatementSync>();

  return {
    insert: (job) => {
      const { job_id, owner, spec, state, generation_ms } = job;
      const { status, settled_at_ms } = state;
      const texts = [recordOf(job), hotOf(job), JSON.stringify(job.seen)] as const;
      const columns = [
        job_id,
        owner,
        spec.kind.name,
        status,
        Number(isActive(job)),
        generation_ms,
        settled_at_ms,
      ] as const;
      return insert.run(...columns, ...texts).changes > 0;
    },
    update: (job, before) => {
      const { status, settled_at_ms } = job.state;
      updateHot.run(status, Number(isActive(job)), settled_at_ms, hotOf(job), job.job_id);
      if (job.seen !== before.seen) updateSeen.run(JSON.stringify(job.seen), job.job_id);
    },
    select: (job_id) => {
      const row = select.get(job_id);
      return row === undefined ? undefined : fromRow(row);
    },
    active: function* () {
      for (const row of selectActive.iterate()) yield fromRow(row);
    },
    page: (query, live) => {
      const { where, values } = conditionsOf(query);
      const text = `SELECT job_id, record, hot, seen FROM jobs WHERE ${where} ORDER BY generation_ms DESC, job_id DESC LIMIT ?`;
      const statement = pages.get(text) ?? sql.prepare(text);
      pages.set(text, statement);
      const rows = statement.all(...values, query.limit + 1);
      const jobs = rows.slice(0, query.limit).map((row) => live(String(row['job_id'])) ?? fromRow(row));
      const last = rows.length > query.limit ? jobs.at(-1) : undefined;
      return { jobs, next_cursor: last === undefined ? null : `${last.generation_ms}.${last.job_id}` };
    },
  };
}

function conditionsOf({ owner, status, kind, cursor }: ListQuery): { where: string; values: (string | number)[] } {
  const where = ['owner = ?'];
  const values: (string | number)[] = [owner];
  if (status !== undefined) {
    where.push('status = ?');
    values.push(status);
  }
  if (kind !== undefined) {
    where.push('kind = ?');
    values.push(kind);
  }
  if (cursor !== undefined) {
    const [, generation_ms, job_id] = /^(\d{1,15})\.(job_[0-9a-z]{26})$/.exec(cursor) ?? [];
    if (generation_ms === undefined || job_id === undefined)
      throw new RequestError('INVALID_REQUEST', 'the cursor is not one of ours; use next_cursor of the page before', {
        problems: [{ path: 'cursor', message: 'is not one of ours' }],
      });
    where.push('(generation_ms, job_id) < (?, ?)');
    values.push(Number(generation_ms), job_id);
  }
  return { where: where.join(' AND '), values };
}

const hotOf = ({ state, handle }: Job): string => JSON.stringify({ state, handle });
const recordOf = ({ state: _state, handle: _handle, seen: _seen, ...record }: Job): string => JSON.stringify(record);

type Row = Record<string, unknown>;
const parsed = <T>(row: Row, column: string): T => JSON.parse(String(row[column])) as T; // written by recordOf, hotOf and JSON.stringify of the same types
function fromRow(row: Row): Job {
  const { state, handle } = parsed<Pick<Job, 'state' | 'handle'>>(row, 'hot');
  return {
    ...parsed<Omit<Job, 'state' | 'handle' | 'seen'>>(row, 'record'),
    // What an earlier version did not write yet.
    state: { ...untouched, ...state },
    handle,
    seen: parsed<JobSeen>(row, 'seen'),
  };
}
