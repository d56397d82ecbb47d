import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { type ConfigError, RequestError } from '../core/errors.ts';
import { type CarryOver, carryOverHere, createCheckpoints, createCheckpointThread } from './checkpoints.ts';
import { translateOpening, translateWriting, unkept } from './database-errors.ts';
import { openFile } from './open-file.ts';

/** One file, one writer. `write` waits for the commit that holds it; commits are grouped: one per turn of the event loop at most. */
export type Database = {
  sql: DatabaseSync;
  /** Runs `change` in the next commit. `durable`: waits until that commit is fsynced, so that it outlives a power cut; others outlive `kill -9`. */
  write(change: () => void, durability: 'durable' | 'lazy'): Promise<void>;
  /** Commits made so far, those that somebody waits to see on disk apart; and how often the log was fsynced. */
  counts: Readonly<{ durable: number; lazy: number; fsyncs: number }>;
  /** What an operator is told of an error met while the file is read for the first time. */
  unreadable(error: unknown): ConfigError;
  /** Commits what waits and closes the file. */
  close(): void;
};

/** 32 MB: a checkpoint holds up a few commits, and so comes seldom; what is left of a log after a crash is read in 30 ms at most. */
const checkpointPages = 8000;

/**
 * 1 MB: what nobody waits for is fsynced all the same when so much of it has come together, so that whoever comes next does not wait for the disk
 * to write it all.
 */
const mostUnsyncedPages = 256;

/** Durable changes that are one commit however many there are: a commit and its fsync cost as much as several changes. */
const smallGroup = 16;
/** Turns of the event loop that a group waits for others which are being read. */
const mostTurns = 3;

type Waiting = { change: () => void; durable: boolean; resolve: () => void; reject: (error: unknown) => void };

/** Makes the disk keep what was written to a file. */
export type Fsync = (file: number, done: (error: Error | null) => void) => void;

export type DatabaseOptions = {
  fsync?: Fsync;
  carryOver?: (sql: DatabaseSync) => CarryOver;
  /** Pages of the log, 4 KB each, after which it is carried over into the file. */
  checkpoint_pages?: number;
};

/**
 * Opens (or makes) the file in `directory`. Throws ConfigError: not writable, held by another process, written by a newer version, no database.
 *
 * A commit writes to the write-ahead log, which is enough to outlive this process. If somebody asked for a durable one, the log is
 * then fsynced beside the event loop, and durable writes that come meanwhile are one commit when that ends:
 *
 *   commit ─ fsync ────────────── those of this commit go on, commit ─ fsync ─────────────
 *              durable ones come, and wait ───────────────────────┘
 *
 * Where many come again as soon as they are answered, they take turns by halves: one half is fsynced while the other is answered and heard. All at
 * once would wait for the disk with nothing else to do, and each as it comes would pay for a commit of its own.
 *
 * What fills the log is carried over into the file by another thread (`checkpoints.ts`).
 */
export function openDatabase(directory: string, options: DatabaseOptions = {}): Database {
  const file = openFile(directory);
  const { path, location, sql } = file;
  const { fsync = fdatasync, checkpoint_pages: pages = checkpointPages } = options;
  const carryOver =
    options.carryOver?.(sql) ?? (location === null ? carryOverHere(sql) : createCheckpointThread(path, location));
  const log = openSync(`${path}-wal`, 'r+');
  const waiting: Waiting[] = [];
  let scheduled = false;
  let closed = false;
  /** Committed, and not fsynced yet. */
  const unsynced: Waiting[] = [];
  /** Pages of the log: all of them, and those that the last fsync found. */
  let pagesLogged = 0;
  let pagesSynced = 0;
  /** What the fsync under way makes the disk keep; null when none is. */
  let syncing: Waiting[] | null = null;
  /** How many the last fsync was for: they are answered, and may come again. */
  let answered = 0;
  /** How many were lately on their way at once: waiting, or just answered. */
  let crowd = 0;
  /** Turns of the event loop that the next group has waited for the rest of it. */
  let turns = 0;
  /** Nobody knows what the disk kept: nothing further may be acknowledged. */
  let broken: Error | null = null;
  const counts = { durable: 0, lazy: 0, fsyncs: 0 };
  const begin = sql.prepare('BEGIN IMMEDIATE');
  const end = sql.prepare('COMMIT');
  const checkpoints = createCheckpoints({ sql, carryOver, pages, released: proceed });

  function commit(batch: Waiting[]): void {
    try {
      begin.run();
      for (const one of batch) one.change();
      end.run();
      counts[batch.some((one) => one.durable) ? 'durable' : 'lazy'] += 1;
    } catch (error) {
      rollBack(sql);
      // Alone, each shows whether it is the one that cannot be written.
      if (batch.length > 1) for (const one of batch) commit([one]);
      else batch[0]?.reject(translateWriting(error, path));
      return;
    }
    for (const one of batch)
      if (one.durable) unsynced.push(one);
      else one.resolve();
    pagesLogged = checkpoints.committed();
    // The log has begun anew.
    if (pagesLogged < pagesSynced) pagesSynced = 0;
  }
  function commitSoon(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }
  const allDurable = (): boolean => waiting.every(({ durable }) => durable);
  const crowdNow = (): number => Math.max(waiting.length + answered, crowd - 1);

  function flush(): void {
    scheduled = false;
    if (allDurable()) {
      // Who waits for the disk anyway is a commit when the fsync under way ends; who does not is not held up by it.
      if (syncing !== null) return;
      if (waiting.length < crowdNow() / 2 && turns < mostTurns) {
        turns += 1;
        commitSoon();
        return;
      }
    }
    proceed();
  }
  function proceed(): void {
    if (closed || checkpoints.holding()) return;
    turns = 0;
    crowd = crowdNow();
    commitNext(allDurable() ? Math.max(smallGroup, Math.ceil(crowd / 2)) : waiting.length);
    sync();
    // Of those before them none was taken.
    if (waiting.length > 0 && syncing === null) commitSoon();
  }
  function sync(): void {
    if (syncing !== null) return;
    if (unsynced.length === 0 && pagesLogged - pagesSynced < mostUnsyncedPages) return;
    pagesSynced = pagesLogged;
    syncing = unsynced.splice(0);
    fsync(log, (error) => {
      const batch = syncing ?? [];
      syncing = null;
      // Whoever closed has seen to the batch.
      if (closed) return closeSync(log);
      kept(batch, error);
      answered = batch.length;
      // What has come meanwhile is read first, and may come along.
      if (waiting.length > 0) commitSoon();
      else sync();
    });
  }
  function commitNext(most: number): void {
    if (waiting.length > 0) commit(waiting.splice(0, most));
  }
  function kept(batch: Waiting[], error: Error | null): void {
    counts.fsyncs += 1;
    broken ??= error;
    for (const one of batch)
      if (broken === null) one.resolve();
      else one.reject(unkept(broken, path));
  }
  return {
    sql,
    counts,
    unreadable: (error) => translateOpening(error, path),
    write: (change, durability) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new RequestError('UNAVAILABLE', 'the engine is stopping', { retry_after_ms: 1000 }));
        if (broken !== null) return reject(unkept(broken, path));
        waiting.push({ change, durable: durability === 'durable', resolve, reject });
        commitSoon();
      }),
    close: () => {
      if (closed) return;
      checkpoints.stop();
      commitNext(waiting.length);
      closed = true;
      kept(
        [...(syncing ?? []), ...unsynced],
        caught(() => fdatasyncSync(log)),
      );
      if (syncing === null) closeSync(log);
      file.close();
    },
  };
}

const caught = (run: () => void): Error | null => {
  try {
    run();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

function rollBack(sql: DatabaseSync): void {
  // A full disk may have rolled the transaction back already.
  if (sql.isTransaction) sql.exec('ROLLBACK');
}
