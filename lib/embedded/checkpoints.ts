import { openSync } from 'node:fs';
import { extname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';

/** Carries the log over into the file, as far as it reached when `pass` was called; resolves with whether that was done to the last page. Never rejects. */
export type CarryOver = { pass(): Promise<boolean>; stop(): void };

/** When the log is carried over into the file, so that it begins anew instead of growing. */
export type Checkpoints = {
  /** To be told of each commit; pages of the log, as they were counted last: every few commits. */
  committed(): number;
  /** Whether commits have to wait: the last few pages are carried over. */
  holding(): boolean;
  stop(): void;
};

export type CheckpointsOptions = {
  sql: DatabaseSync;
  carryOver: CarryOver;
  /** Pages of the log, 4 KB each, after which it is carried over. */
  pages: number;
  /** Hears that commits need not wait any more. */
  released: () => void;
};

/** Commits. */
const countedEvery = 8;

/**
 * A log begins anew only when all of it was carried over, which under load is never so: what is committed during a pass is left.
 * Therefore a second pass, of that alone, for which commits wait as long as for an fsync or two:
 *
 *   commits ──── log is long ── first pass ────────────── second pass ─ commits, into a log that begins anew ───
 *                               commits go on beside it   commits wait
 */
export function createCheckpoints({ sql, carryOver, pages, released }: CheckpointsOptions): Checkpoints {
  // Looks only: some ten microseconds, a fifth of a small commit.
  const log = sql.prepare('PRAGMA wal_checkpoint(NOOP)');
  const length = (): number => Number(log.get()?.['log']);
  let reached = 0;
  let uncounted = 0;
  let next = pages;
  let underWay = false;
  let held = false;
  let stopped = false;

  async function carry(): Promise<void> {
    underWay = true;
    await carryOver.pass();
    if (stopped) return;
    held = true;
    const whole = await carryOver.pass();
    if (stopped) return;
    // A full disk, or a reader from outside, holds pages back: not tried again at once.
    next = whole ? pages : length() + pages;
    held = false;
    underWay = false;
    released();
  }
  return {
    committed: () => {
      uncounted += 1;
      if (uncounted < countedEvery) return reached;
      uncounted = 0;
      reached = length();
      if (!underWay && reached >= next) void carry();
      return reached;
    },
    holding: () => held,
    stop: () => {
      stopped = true;
      carryOver.stop();
    },
  };
}

/** Carries the log over on a connection; false where pages are left. */
export function carryOverOn(sql: DatabaseSync): boolean {
  try {
    const { log, checkpointed } = sql.prepare('PRAGMA wal_checkpoint(PASSIVE)').get() ?? { log: 0 };
    return log === checkpointed;
  } catch {
    // A full disk, say: the log grows meanwhile, and a later pass carries over more.
    return false;
  }
}

/** Carries over on the engine's own connection, holding up whatever else this process does. */
export const carryOverHere = (sql: DatabaseSync): CarryOver => ({
  pass: () => Promise.resolve(carryOverOn(sql)),
  stop: () => undefined,
});

/** In the repository a thread runs the source, in a package what was built of it. */
const thread = new URL(`./checkpoint-thread${extname(import.meta.url)}`, import.meta.url);

/** What the thread is given: the file's location, and a descriptor of it that it must not close. */
export type CheckpointThreadData = { location: string; descriptor: number };

/** Carries over in a thread, which is made when it is first needed. */
export function createCheckpointThread(path: string, location: URL): CarryOver {
  // For an fsync. Never closed: with the first descriptor of a file that a process closes, POSIX takes every lock on it away.
  let descriptor: number | undefined;
  let worker: Worker | undefined;
  let answer = (_whole: boolean): void => undefined;

  function start(): Worker {
    descriptor ??= openSync(path, 'r+');
    const workerData: CheckpointThreadData = { location: location.href, descriptor };
    const made = new Worker(thread, { workerData, execArgv: [] });
    made.unref();
    made.on('message', (whole: boolean) => answer(whole));
    made.on('error', () => {
      // Replaced by the next pass; until then the log grows.
      worker = undefined;
      answer(false);
    });
    return made;
  }
  return {
    pass: () => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      answer = resolve;
      worker ??= start();
      worker.postMessage('pass');
      return promise;
    },
    stop: () => void worker?.terminate(),
  };
}
