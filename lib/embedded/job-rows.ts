import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { RequestError } from '../core/errors.ts';
import { isTerminal, type Job } from '../core/job.ts';
import type { ListQuery } from '../ports.ts';
import { hotOf, type JobTexts, jobOf, recordOf, seenOf } from './job-texts.ts';
import { createKindRows } from './kind-rows.ts';

/** Jobs as rows. Writes belong into a transaction. */
export type JobRows = {
  /** False when there is a row of that id already. */
  insert(job: Job): boolean;
  /** Writes what differs from `before`, which is what the row holds. */
  update(job: Job, before: Job): void;
  /** Writes how far the checks of an active job have come: a narrow row, as there are many of these. */
  claim(job: Job): void;
  select(job_id: string): Job | undefined;
  /** Jobs that run or owe something, each made for whoever asks: first those that were due by then, the longest overdue of them if they are many, then the others, a few hundred at a time. */
  active(due_by_ms: number): Iterable<Job[]>;
  /** Newest first; `live` is how a job stands in memory, if it is there. */
  page(query: ListQuery, live: (job_id: string) => Job | undefined): { jobs: Job[]; next_cursor: string | null };
};

/** A job is active while it runs or owes an event. */
export const isActive = (job: Job): boolean => !isTerminal(job) || job.state.owed.length > 0;

/** Jobs read at once: a few milliseconds, in which nothing else moves. */
const mostAtOnce = 250;
/** Of those that are due: none of them is checked before all of these are read. */
const mostDueAtOnce = 1000;
/** The most that SQLite maps of a file, bytes. */
const mostMappedBytes = 2_147_418_112;

export function createJobRows(sql: DatabaseSync): JobRows {
  const insert = sql.prepare(
    'INSERT INTO jobs (job_id, owner, kind, kind_number, status, active, generation_ms, settled_at_ms, record, hot, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const kinds = createKindRows(sql);
  const updateHot = sql.prepare('UPDATE jobs SET status = ?, active = ?, settled_at_ms = ?, hot = ? WHERE job_id = ?');
  const upsertClaim = sql.prepare(
    'INSERT OR REPLACE INTO claims (number, checks, claimed_at_ms, next_check_at_ms, unsaved_claims) VALUES (?, ?, ?, ?, ?)',
  );
  const deleteClaim = sql.prepare('DELETE FROM claims WHERE number = ?');
  const updateSeen = sql.prepare('UPDATE jobs SET seen = ? WHERE job_id = ?');
  const select = sql.prepare('SELECT kind_number, record, hot, seen FROM jobs WHERE job_id = ?');
  const selectActive = (where: string): StatementSync => {
    const statement = sql.prepare(
      `SELECT number, kind_number, record, hot, seen, checks, claimed_at_ms, next_check_at_ms, unsaved_claims FROM jobs LEFT JOIN claims USING (number) WHERE active = 1 AND ${where}`,
    );
    statement.setReturnArrays(true);
    return statement;
  };
  // Of a job that was never checked only the record says when it is due.
  const selectDue = selectActive(
    '(next_check_at_ms <= ? OR next_check_at_ms IS NULL) ORDER BY next_check_at_ms LIMIT ?',
  );
  const selectNext = selectActive('number > ? ORDER BY number LIMIT ?');
  /** The numbers of active jobs. */
  const numbers = new Map<string, number | bigint>();
  const pages = new Map<string, StatementSync>();

  return {
    insert: (job) => {
      const { job_id, owner, spec, state, generation_ms } = job;
      const { status, settled_at_ms } = state;
      const texts = [recordOf(job), hotOf(job), seenOf(job)] as const;
      const columns = [
        job_id,
        owner,
        spec.kind.name,
        kinds.keep(spec.kind),
        status,
        Number(isActive(job)),
        generation_ms,
        settled_at_ms,
      ] as const;
      const { changes, lastInsertRowid } = insert.run(...columns, ...texts);
      if (changes > 0 && isActive(job)) numbers.set(job_id, lastInsertRowid);
      return changes > 0;
    },
    update: (job, before) => {
      const { status, settled_at_ms } = job.state;
      updateHot.run(status, Number(isActive(job)), settled_at_ms, hotOf(job), job.job_id);
      if (job.seen !== before.seen) updateSeen.run(seenOf(job), job.job_id);
      const number = numbers.get(job.job_id);
      if (isActive(job) || number === undefined) return;
      deleteClaim.run(number);
      numbers.delete(job.job_id);
    },
    claim: ({ job_id, state }) => {
      const number = numbers.get(job_id);
      if (number === undefined) return;
      upsertClaim.run(number, state.checks, state.claimed_at_ms, state.next_check_at_ms, state.unsaved_claims);
    },
    select: (job_id) => {
      const row = select.get(job_id);
      return row === undefined ? undefined : fromRow(row, kinds.reader());
    },
    active: function* (due_by_ms) {
      const kindOf = kinds.reader();
      const taken = new Set<number>();
      function made([number, kind_number, record, hot, seen, ...claim]: ActiveRow): Job[] {
        if (taken.has(number)) return [];
        const job = jobOf({ record, hot, seen }, kindOf(kind_number));
        taken.add(number);
        numbers.set(job.job_id, number);
        bringForward(job, claim);
        return [job];
      }
      // Read where it lies instead of page by page: half the time of a hundred thousand jobs.
      sql.exec(`PRAGMA mmap_size = ${mostMappedBytes}`);
      try {
        yield rowsOf(selectDue.all(due_by_ms, mostDueAtOnce)).flatMap(made);
        for (let last: number | undefined = 0; last !== undefined; ) {
          const rows = rowsOf(selectNext.all(last, mostAtOnce));
          yield rows.flatMap(made);
          last = rows[mostAtOnce - 1]?.[0];
        }
      } finally {
        // Of a mapped file, a fault of the disk would end the process, where it is an error otherwise.
        sql.exec('PRAGMA mmap_size = 0');
      }
    },
    page: (query, live) => {
      const { where, values } = conditionsOf(query);
      const text = `SELECT job_id, kind_number, record, hot, seen FROM jobs WHERE ${where} ORDER BY generation_ms DESC, job_id DESC LIMIT ?`;
      const statement = pages.get(text) ?? sql.prepare(text);
      pages.set(text, statement);
      const rows = statement.all(...values, query.limit + 1);
      const kindOf = kinds.reader();
      const jobs = rows.slice(0, query.limit).map((row) => live(String(row['job_id'])) ?? fromRow(row, kindOf));
      const last = rows.length > query.limit ? jobs.at(-1) : undefined;
      return { jobs, next_cursor: last === undefined ? null : `${last.generation_ms}.${last.job_id}` };
    },
  };
}

/** As far as the checks had come: the record itself may be older. */
function bringForward({ state }: Job, [checks, claimed_at_ms, next_check_at_ms, unsaved_claims]: Claim): void {
  if (checks === null || checks <= state.checks) return;
  Object.assign(state, { checks, claimed_at_ms, next_check_at_ms, unsaved_claims });
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

/** What `claim` wrote, nulls where nothing was. */
type Claim = [checks: number | null, claimed_at_ms: number | null, next_check_at_ms: number, unsaved_claims: number];
type ActiveRow = [number: number, kind_number: number, record: string, hot: string, seen: string, ...Claim];
// As arrays, of the columns in this order.
const rowsOf = (rows: unknown): ActiveRow[] => rows as ActiveRow[];
type Row = Record<string, unknown>;
// The columns of that name hold what their functions made.
const fromRow = (row: Row, kindOf: (kind_number: number) => Job['spec']['kind']): Job =>
  jobOf(row as JobTexts, kindOf(Number(row['kind_number'])));
