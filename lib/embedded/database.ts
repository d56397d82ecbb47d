import { accessSync, closeSync, constants, fdatasync, fdatasyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError, RequestError } from '../core/errors.ts';
import { steps } from './layout.ts';

const fileName = 'untildone.db';

/** Pages of the log after which SQLite carries them over into the file: 16 MB. */
const checkpointPages = 4000;

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

type Waiting = { change: () => void; durable: boolean; resolve: () => void; reject: (error: unknown) => void };

/** Makes the disk keep what was written to a file. */
export type Fsync = (file: number, done: (error: Error | null) => void) => void;

/**
 * Opens (or makes) the file in `directory`. Throws ConfigError: not writable, held by another process, written by a newer version, no database.
 *
 * A commit writes to the write-ahead log, which is enough to outlive this process. If somebody asked for a durable one, the log is
 * then fsynced beside the event loop, and durable writes that come meanwhile are one commit when that ends:
 *
 *   commit ─ fsync ────────────── those of this commit go on, commit ─ fsync ─────────────
 *              durable ones come, and wait ───────────────────────┘
 */
export function openDatabase(directory: string, fsync: Fsync = fdatasync): Database {
  const path = join(directory, fileName);
  const sql = open(directory, path);
  const log = openSync(`${path}-wal`, 'r+');
  const waiting: Waiting[] = [];
  let scheduled = false;
  let closed = false;
  /** Committed, and not fsynced yet. */
  const unsynced: Waiting[] = [];
  /** What the fsync under way makes the disk keep; null when none is. */
  let syncing: Waiting[] | null = null;
  /** Nobody knows what the disk kept: nothing further may be acknowledged. */
  let broken: Error | null = null;
  const counts = { durable: 0, lazy: 0, fsyncs: 0 };
  const begin = sql.prepare('BEGIN IMMEDIATE');
  const end = sql.prepare('COMMIT');

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
      else batch[0]?.reject(translate(error, path));
      return;
    }
    for (const one of batch)
      if (one.durable) unsynced.push(one);
      else one.resolve();
  }
  function flush(): void {
    scheduled = false;
    // Who waits for the disk anyway is one commit when the fsync under way ends; who does not is not held up by it.
    if (syncing !== null && waiting.every(({ durable }) => durable)) return;
    commitAll();
    sync();
  }
  function sync(): void {
    if (syncing !== null || unsynced.length === 0) return;
    syncing = unsynced.splice(0);
    fsync(log, (error) => {
      const batch = syncing ?? [];
      syncing = null;
      // Whoever closed has seen to the batch.
      if (closed) return closeSync(log);
      kept(batch, error);
      commitAll();
      sync();
    });
  }
  function commitAll(): void {
    if (waiting.length > 0) commit(waiting.splice(0));
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
        if (!scheduled) {
          scheduled = true;
          setImmediate(flush);
        }
      }),
    close: () => {
      if (closed) return;
      commitAll();
      closed = true;
      kept(
        [...(syncing ?? []), ...unsynced],
        caught(() => fdatasyncSync(log)),
      );
      if (syncing === null) closeSync(log);
      sql.close();
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

/** Throws ConfigError with what is to be done when `path` is there and cannot be written. */
function checkWritable(path: string, what: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw unwritable(what, error);
  }
}
const unwritable = (what: string, error: unknown): ConfigError =>
  new ConfigError(`${what} cannot be written (${codeOf(error)}); choose another with --data-dir, or make it writable`, {
    cause: error,
  });

function open(directory: string, path: string): DatabaseSync {
  const what = `the data directory ${directory}`;
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw unwritable(what, error);
  }
  checkWritable(directory, what);
  checkWritable(path, path);
  let sql: DatabaseSync | undefined;
  try {
    sql = new DatabaseSync(path);
    // Exclusive: the lock is held until the process ends, so that a second engine on the file fails at once.
    sql.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; COMMIT;',
    );
    migrate(sql, path);
    sql.exec(`PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    return sql;
  } catch (error) {
    sql?.close();
    throw error instanceof ConfigError ? error : translateOpening(error, path);
  }
}

function migrate(sql: DatabaseSync, path: string): void {
  const found = Number(sql.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (found > steps.length)
    throw new ConfigError(
      `${path} was written by a newer untildone (layout ${found}, this one reads ${steps.length}); run that version, or use another --data-dir`,
    );
  const missing = steps.slice(found).join('');
  // Also when nothing is missing: this first commit makes SQLite fsync the folder of a log that it has just made.
  sql.exec(`PRAGMA synchronous = FULL; BEGIN IMMEDIATE; ${missing} PRAGMA user_version = ${steps.length}; COMMIT;`);
}

function rollBack(sql: DatabaseSync): void {
  // A full disk may have rolled the transaction back already.
  if (sql.isTransaction) sql.exec('ROLLBACK');
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
const resultOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
const sqlite = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 };

function translateOpening(error: unknown, path: string): ConfigError {
  const result = resultOf(error);
  const says = (message: string): ConfigError => new ConfigError(message, { cause: error });
  if (result === sqlite.busy)
    return says(`${path} is held by another untildone process; stop it, or use another --data-dir`);
  if (result === sqlite.readOnly || result === sqlite.cannotOpen)
    return says(`${path} cannot be written; choose another with --data-dir, or make it writable`);
  if (result === sqlite.full) return says(`the disk of ${path} is full; free some space and start again`);
  if (result === sqlite.notADatabase || result === sqlite.corrupt || error instanceof SyntaxError)
    return says(`${path} is damaged or no untildone file; move it away or restore a copy`);
  return says(`${path} cannot be opened (${error instanceof Error ? error.message : 'unknown error'})`);
}

const unkept = (cause: Error, path: string): RequestError =>
  new RequestError(
    'UNAVAILABLE',
    `the disk did not keep what was written (${codeOf(cause)}): nothing further is stored; repair the disk of ${path} and start again`,
    { retry_after_ms: 30_000, cause },
  );

function translate(error: unknown, path: string): unknown {
  const result = resultOf(error);
  if (result !== sqlite.full && result !== sqlite.ioError && result !== sqlite.readOnly) return error;
  const what = result === sqlite.full ? 'the disk is full' : 'the disk cannot be written';
  return new RequestError('UNAVAILABLE', `${what}: nothing was stored; free or repair the disk of ${path}`, {
    retry_after_ms: 30_000,
    cause: error,
  });
}
