import { isTerminal, type Job, type JobRef, type JobState } from '../core/job.ts';
import type { JobStore, Written } from '../ports.ts';
import type { Database } from './database.ts';
import { createJobRows, isActive } from './job-rows.ts';
import type { Timers } from './timers.ts';

const runs = (job: Job): boolean => !isTerminal(job);
const withState = (job: Job, state: Partial<JobState>): Job => ({ ...job, state: { ...job.state, ...state } });

/** The store, and what the engine besides flow wants of it: the jobs that live in memory. */
export type SqliteJobStore = JobStore & {
  /** The record of a job that runs or owes something, else undefined. No I/O. */
  peek(job_id: string): Job | undefined;
  active(): Iterable<Job>;
  /** Takes up the jobs in the file: first those that were due by then, then the others, a few hundred at a time. */
  takeUp(due_by_ms: number): Iterable<Job[]>;
  /** Says that check number `checks` of a job has ended, so that nobody waits for its lease; the file hears of it a moment later. */
  ended(ref: JobRef, checks: number): void;
  /** Writes now what the file has not heard of yet: how far the checks of each job have come, and what was struck off. Later ones are lost. */
  stop(): Promise<void>;
};

/**
 * How long it may stay in memory alone that a check has ended, or that an event was told to whom it is told, ms: all of these share one commit,
 * without an fsync. After a crash such a check is made once more, before those that are overdue; and such an event finds itself in the inbox, and its
 * deliveries as they are.
 */
const keepNotesMs = 50;
const restAfterFullDiskMs = 15_000;

/**
 * Jobs that run or owe something live in memory, which always is what the file holds, but for claims and what was struck off. A claim stays in
 * memory until its check has ended, and a moment longer; lost with the process it costs one early check. The first claim after a boot is
 * written at once, so that a check which kills the process is counted, and not made for ever. What was struck off stays a moment, and lost with the process is struck off again.
 *
 * Writes of one job go one by one, and memory follows the file:
 *
 *   wait for the job's write under way → may it be? → write → commit → memory → the next one's turn
 *
 * so that nobody reads, or builds on, what a full disk may still refuse.
 */
export function createSqliteJobStore(database: Database, timers: Timers): SqliteJobStore {
  const rows = createJobRows(database.sql);
  const jobs = new Map<string, Job>();
  const runningOf = new Map<string, number>();
  /** The end of each job's write under way. */
  const underWay = new Map<string, Promise<void>>();
  const unclaimedSinceBoot = new Set<string>();
  const unwrittenClaims = new Set<string>();
  /** Jobs of which an event is struck off in memory alone. */
  const unwrittenPayments = new Set<string>();
  let keepingSoon = false;
  let cancelKeeping = (): void => undefined;
  let stopped = false;

  function* takeUp(due_by_ms: number): Iterable<Job[]> {
    for (const slice of rows.active(due_by_ms)) {
      for (const job of slice) {
        // Whoever held a lease, or was starting the remote job, died with the last process.
        job.state.lease_until_ms = 0;
        if (job.state.starter_claimed_until_ms !== null) job.state.starter_claimed_until_ms = 0;
        // So did its check, which is made at once; the second time it may be what kills us, and keeps its pace.
        if (job.state.unsaved_claims === 1 && job.state.claimed_at_ms !== null)
          job.state.next_check_at_ms = job.state.claimed_at_ms;
        keep(job);
        unclaimedSinceBoot.add(job.job_id);
      }
      yield slice;
    }
  }
  function keep(job: Job): void {
    const before = jobs.get(job.job_id);
    const change = Number(!isTerminal(job)) - Number(before !== undefined && !isTerminal(before));
    if (change !== 0) runningOf.set(job.owner, (runningOf.get(job.owner) ?? 0) + change);
    if (isActive(job) || unwrittenPayments.has(job.job_id)) jobs.set(job.job_id, job);
    else jobs.delete(job.job_id);
  }
  /** Its record may be in the file already, and not on disk yet: it is there for nobody. */
  const isBeingMade = (job_id: string): boolean => underWay.has(job_id) && !jobs.has(job_id);
  const load = (job_id: string): Job | undefined =>
    jobs.get(job_id) ?? (isBeingMade(job_id) ? undefined : rows.select(job_id));

  async function keepNotes(): Promise<void> {
    const inMemory = (job_id: string): Job | [] => jobs.get(job_id) ?? [];
    const checked = [...unwrittenClaims].flatMap(inMemory);
    // What is being written holds the payment, or is older than it.
    const paid = [...unwrittenPayments].filter((job_id) => !underWay.has(job_id)).flatMap(inMemory);
    unwrittenClaims.clear();
    if (checked.length + paid.length > 0)
      await database.write(() => {
        checked.forEach(rows.claim);
        for (const job of paid) rows.update(job, job);
      }, 'lazy');
    for (const job of paid) noted(job);
  }
  /** More may have been struck off meanwhile. */
  function noted(job: Job): void {
    if (jobs.get(job.job_id) === job) {
      unwrittenPayments.delete(job.job_id);
      keep(job);
    } else keepNotesSoon();
  }
  function keepNotesSoon(in_ms = keepNotesMs): void {
    if (keepingSoon || stopped) return;
    keepingSoon = true;
    cancelKeeping = timers.after(in_ms, () => {
      keepingSoon = false;
      // What a full disk refuses costs an early check at most; what is struck off is written when there is space.
      void keepNotes().catch(() => unwrittenPayments.size > 0 && keepNotesSoon(restAfterFullDiskMs));
    });
  }

  /** False when `change` says that it left the file as it was. */
  async function write(job: Job, how: 'durable' | 'lazy', change: () => boolean): Promise<boolean> {
    const { job_id } = job;
    const { promise, resolve } = Promise.withResolvers<void>();
    let changed = false;
    underWay.set(job_id, promise);
    try {
      await database.write(() => {
        changed = change();
      }, how);
      if (!changed) return false;
      unwrittenPayments.delete(job_id);
      keep(job);
      unclaimedSinceBoot.delete(job_id);
      unwrittenClaims.delete(job_id);
      return true;
    } finally {
      underWay.delete(job_id);
      resolve();
      if (unwrittenPayments.has(job_id)) keepNotesSoon();
    }
  }
  async function change(
    ref: JobRef,
    may: (job: Job) => boolean,
    next: (job: Job) => Job,
    how: 'durable' | 'lazy' | 'claim' | 'payment',
  ): Promise<Written> {
    for (let other = underWay.get(ref.job_id); other !== undefined; other = underWay.get(ref.job_id)) await other;
    const before = load(ref.job_id);
    if (before === undefined || before.generation_ms !== ref.generation_ms || !may(before))
      return { written: false, job: before };
    const job = next(before);
    if (how === 'claim' && !unclaimedSinceBoot.has(ref.job_id)) keep(job);
    else if (how === 'payment' && job !== before) {
      unwrittenPayments.add(job.job_id);
      keep(job);
      keepNotesSoon();
    } else if (job !== before)
      await write(job, how === 'durable' ? 'durable' : 'lazy', () => {
        if (how === 'claim') rows.claim(job);
        else rows.update(job, before);
        return true;
      });
    return { written: true, job };
  }
  return {
    peek: (job_id) => jobs.get(job_id),
    active: () => jobs.values(),
    takeUp,
    ended: (ref, checks) => {
      const job = jobs.get(ref.job_id);
      // A write under way holds the lease in what it writes; then it simply runs out.
      if (job === undefined || underWay.has(ref.job_id) || job.generation_ms !== ref.generation_ms) return;
      if (isTerminal(job) || job.state.checks !== checks || job.state.lease_until_ms === 0) return;
      keep(withState(job, { lease_until_ms: 0, unsaved_claims: 0 }));
      unwrittenClaims.add(job.job_id);
      keepNotesSoon();
    },
    stop: async () => {
      stopped = true;
      cancelKeeping();
      // A full disk does not hold up the end: what is not written costs early checks.
      await keepNotes().catch(() => undefined);
    },
    create: async (job) => {
      for (let other = underWay.get(job.job_id); other !== undefined; other = underWay.get(job.job_id)) await other;
      const live = jobs.get(job.job_id);
      if (live !== undefined) return { created: false, job: live };
      if (await write(job, 'durable', () => rows.insert(job))) return { created: true, job };
      return { created: false, job: load(job.job_id) ?? job };
    },
    load: async (job_id) => load(job_id),
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
        'claim',
      ),
    claimStarter: (ref, until_ms) =>
      change(
        ref,
        (job) => runs(job) && job.handle === null && job.state.starter_claimed_until_ms === null,
        (job) => withState(job, { starter_claimed_until_ms: until_ms }),
        'durable',
      ),
    save: ({ ref, expected_checks, takes_check, state, owe, handle, seen }) =>
      change(
        ref,
        (job) => runs(job) && (expected_checks === null || job.state.checks === expected_checks),
        (job) => ({
          ...withState(job, {
            ...state,
            checks: job.state.checks + Number(takes_check ?? false),
            owed: [...job.state.owed, ...owe],
          }),
          handle: handle ?? job.handle,
          seen: seen ?? job.seen,
        }),
        // What is owed is on disk with its event, which follows at once: commits reach the disk in order.
        handle !== undefined || (state.status !== undefined && owe.length === 0) ? 'durable' : 'lazy',
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
        (job) => {
          const owed = job.state.owed.filter((one) => one.event_id !== event_id);
          return owed.length === job.state.owed.length ? job : withState(job, { owed });
        },
        'payment',
      ),
    countActive: async (owner, enough) => Math.min(runningOf.get(owner) ?? 0, enough),
    list: async (query) => {
      const page = rows.page(query, (job_id) => jobs.get(job_id));
      return { ...page, jobs: page.jobs.filter(({ job_id }) => !isBeingMade(job_id)) };
    },
  };
}
