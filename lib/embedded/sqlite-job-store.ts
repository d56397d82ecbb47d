import type { StatementSync } from 'node:sqlite';
import { RequestError } from '../core/errors.ts';
import { isTerminal, type Job, type JobRef, type JobSeen, type JobState } from '../core/job.ts';
import type { JobStore, ListQuery, Written } from '../ports.ts';
import type { Database } from './database.ts';

/** The store, and what the engine besides flow wants of it: the jobs that live in memory. */
export type SqliteJobStore = JobStore & {
  /** The record of a job that runs or owes something, else undefined. No I/O. */
  peek(job_id: string): Job | undefined;
  active(): Iterable<Job>;
};

/**
 * Jobs that run or owe something live in memory, which is the truth while the process lives; the file is what a restart
 * needs. A claim stays in memory: lost with the process, it costs one early check. The first claim after a boot is
 * written, so that a check which kills the process is counted, and not made for ever.
 */
export function createSqliteJobStore(database: Database): SqliteJobStore {
  const { sql } = database;
  const insert = sql.prepare(
    'INSERT INTO jobs (job_id, owner, kind, status, active, generation_ms, settled_at_ms, record, hot, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const updateHot = sql.prepare('UPDATE jobs SET status = ?, active = ?, settled_at_ms = ?, hot = ? WHERE job_id = ?');
  const updateSeen = sql.prepare('UPDATE jobs SET seen = ? WHERE job_id = ?');
  const select = sql.prepare('SELECT record, hot, seen FROM jobs WHERE job_id = ?');
  const lists = new Map<string, StatementSync>();
  const jobs = new Map<string, Job>();
  const runningOf = new Map<string, number>();
  const unclaimedSinceBoot = new Set<string>();

  for (const row of sql.prepare('SELECT record, hot, seen FROM jobs WHERE active = 1').iterate()) {
    const job = fromRow(row);
    // Whoever held a lease died with the last process.
    keep({ ...job, state: { ...job.state, lease_until_ms: 0 } });
    unclaimedSinceBoot.add(job.job_id);
  }

  function keep(job: Job): void {
    const before = jobs.get(job.job_id);
    const change = Number(!isTerminal(job)) - Number(before !== undefined && !isTerminal(before));
    if (change !== 0) runningOf.set(job.owner, (runningOf.get(job.owner) ?? 0) + change);
    jobs.set(job.job_id, job);
  }
  function forget(job: Job): void {
    if (jobs.get(job.job_id) === job && !isActive(job)) jobs.delete(job.job_id);
  }
  function load(job_id: string): Job | undefined {
    const known = jobs.get(job_id);
    if (known !== undefined) return known;
    const row = select.get(job_id);
    return row === undefined ? undefined : fromRow(row);
  }
  const writeHot = (job: Job): void =>
    void updateHot.run(job.state.status, Number(isActive(job)), job.state.settled_at_ms, hotOf(job), job.job_id);

  /** Changes memory at once, so that the next claim sees it, and takes it back if the file cannot be written. */
  async function change(
    ref: JobRef,
    may: (job: Job) => boolean,
    next: (job: Job) => Job,
    how: 'durable' | 'lazy' | 'memory',
  ): Promise<Written> {
    const before = jobs.get(ref.job_id);
    if (before === undefined || before.generation_ms !== ref.generation_ms || !may(before))
      return { written: false, job: load(ref.job_id) };
    const job = next(before);
    keep(job);
    if (how === 'memory') return { written: true, job };
    try {
      await database.write(() => {
        writeHot(job);
        if (job.seen !== before.seen) updateSeen.run(JSON.stringify(job.seen), job.job_id);
      }, how);
    } catch (error) {
      if (jobs.get(job.job_id) === job) keep(before);
      throw error;
    }
    forget(job);
    return { written: true, job };
  }
  const runs = (job: Job): boolean => !isTerminal(job);
  const withState = (job: Job, state: Partial<JobState>): Job => ({ ...job, state: { ...job.state, ...state } });

  return {
    peek: (job_id) => jobs.get(job_id),
    active: () => jobs.values(),
    create: async (job) => {
      const known = load(job.job_id);
      if (known !== undefined) return { created: false, job: known };
      keep(job);
      const { job_id, owner, spec, state, generation_ms } = job;
      try {
        await database.write(
          () =>
            void insert.run(
              job_id,
              owner,
              spec.kind.name,
              state.status,
              Number(isActive(job)),
              generation_ms,
              state.settled_at_ms,
              recordOf(job),
              hotOf(job),
              JSON.stringify(job.seen),
            ),
          'durable',
        );
      } catch (error) {
        if (!isTerminal(job)) runningOf.set(owner, (runningOf.get(owner) ?? 1) - 1);
        jobs.delete(job_id);
        throw error;
      }
      forget(job);
      return { created: true, job };
    },
    load: (job_id) => Promise.resolve(load(job_id)),
    claim: ({ ref, expected_checks, proven, now_ms, lease_until_ms, next_check_at_ms, unsaved_claims }) =>
      change(
        ref,
        (job) => runs(job) && job.state.checks === expected_checks && (proven || job.state.lease_until_ms <= now_ms),
        (job) =>
          withState(job, {
            checks: job.state.checks + 1,
            claimed_at_ms: now_ms,
            lease_until_ms,
            next_check_at_ms,
            unsaved_claims,
          }),
        unclaimedSinceBoot.delete(ref.job_id) ? 'lazy' : 'memory',
      ),
    claimStarter: (ref, until_ms) =>
      change(
        ref,
        (job) => runs(job) && job.handle === null && job.state.starter_claimed_until_ms === null,
        (job) => withState(job, { starter_claimed_until_ms: until_ms }),
        'durable',
      ),
    save: ({ ref, expected_checks, state, owe, handle, seen }) =>
      change(
        ref,
        (job) => runs(job) && (expected_checks === null || job.state.checks === expected_checks),
        (job) => ({
          ...withState(job, { ...state, owed: [...job.state.owed, ...owe] }),
          handle: handle ?? job.handle,
          seen: seen ?? job.seen,
        }),
        handle !== undefined || owe.length > 0 ? 'durable' : 'lazy',
      ),
    wishCancel: (ref, at_ms) =>
      change(
        ref,
        runs,
        (job) =>
          job.state.cancel_requested_at_ms !== null && job.state.cancel_outcome !== 'declined'
            ? job
            : withState(job, { cancel_requested_at_ms: at_ms, cancel_outcome: null }),
        'durable',
      ),
    paid: (ref, event_id) =>
      change(
        ref,
        () => true,
        (job) => withState(job, { owed: job.state.owed.filter((owed) => owed.event_id !== event_id) }),
        'lazy',
      ),
    countActive: (owner) => Promise.resolve(runningOf.get(owner) ?? 0),
    list: (query) => Promise.resolve(page(query)),
  };

  function page(query: ListQuery): { jobs: Job[]; next_cursor: string | null } {
    const { where, values } = conditionsOf(query);
    const text = `SELECT job_id, record, hot, seen FROM jobs WHERE ${where} ORDER BY generation_ms DESC, job_id DESC LIMIT ?`;
    const statement = lists.get(text) ?? sql.prepare(text);
    lists.set(text, statement);
    const rows = statement.all(...values, query.limit + 1);
    const found = rows.slice(0, query.limit).map((row) => jobs.get(String(row['job_id'])) ?? fromRow(row));
    const last = found.at(-1);
    return {
      jobs: found,
      next_cursor: rows.length > query.limit && last !== undefined ? `${last.generation_ms}.${last.job_id}` : null,
    };
  }
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
    const [, generation_ms, job_id] = /^(\d{1,16})\.(job_[0-9a-z]{26})$/.exec(cursor) ?? [];
    if (generation_ms === undefined || job_id === undefined)
      throw new RequestError('INVALID_REQUEST', 'the cursor is not one of ours; use next_cursor of the page before', {
        problems: [{ path: 'cursor', message: 'is not one of ours' }],
      });
    where.push('(generation_ms, job_id) < (?, ?)');
    values.push(Number(generation_ms), job_id);
  }
  return { where: where.join(' AND '), values };
}

const isActive = (job: Job): boolean => !isTerminal(job) || job.state.owed.length > 0;
const hotOf = ({ state, handle }: Job): string => JSON.stringify({ state, handle });
const recordOf = ({ state: _state, handle: _handle, seen: _seen, ...record }: Job): string => JSON.stringify(record);

type Row = Record<string, unknown>;
const parsed = <T>(row: Row, column: string): T => JSON.parse(String(row[column])) as T; // written by recordOf, hotOf and JSON.stringify of the same types
const fromRow = (row: Row): Job => ({
  ...parsed<Omit<Job, 'state' | 'handle' | 'seen'>>(row, 'record'),
  ...parsed<Pick<Job, 'state' | 'handle'>>(row, 'hot'),
  seen: parsed<JobSeen>(row, 'seen'),
});
