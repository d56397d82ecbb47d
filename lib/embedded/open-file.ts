import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../core/errors.ts';
import { codeOf, translateOpening } from './database-errors.ts';
import { steps } from './layout.ts';

const fileName = 'untildone.db';

/** The file, open and of today's layout. `location` is where this process may open it once more, and no other; null where SQLite has no such lock. */
export type OpenFile = { path: string; location: URL | null; sql: DatabaseSync; close(): void };

/** What this process has open: SQLite's lock keeps only others out. */
const held = new Set<string>();

/**
 * SQLite's way to lock a file for one process, however many connections that has, until it ends; a second engine fails at once.
 * On Windows there is only the lock of one connection (`locking_mode = EXCLUSIVE`).
 */
function locationOf(path: string): URL | null {
  if (process.platform === 'win32') return null;
  const location = pathToFileURL(path);
  location.searchParams.set('vfs', 'unix-excl');
  return location;
}

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

/** Opens or makes the file in `directory`. Throws ConfigError with what an operator must do. */
export function openFile(directory: string): OpenFile {
  const path = join(directory, fileName);
  const what = `the data directory ${directory}`;
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw unwritable(what, error);
  }
  checkWritable(directory, what);
  checkWritable(path, path);
  const real = join(realpathSync(directory), fileName);
  if (held.has(real))
    throw new ConfigError(`${path} is held by another untildone of this process; stop it, or use another --data-dir`);
  const location = locationOf(path);
  let sql: DatabaseSync | undefined;
  try {
    sql = new DatabaseSync(location ?? path);
    if (location === null) sql.exec('PRAGMA locking_mode = EXCLUSIVE');
    sql.exec(
      'PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; BEGIN IMMEDIATE; COMMIT;',
    );
    migrate(sql, path);
    fsyncFolder(directory);
    held.add(real);
    const opened = sql;
    const close = (): void => {
      opened.close();
      held.delete(real);
    };
    return { path, location, sql, close };
  } catch (error) {
    sql?.close();
    throw error instanceof ConfigError ? error : translateOpening(error, path);
  }
}

/** Brings the file to today's layout. */
function migrate(sql: DatabaseSync, path: string): void {
  const found = Number(sql.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (found > steps.length)
    throw new ConfigError(
      `${path} was written by a newer untildone (layout ${found}, this one reads ${steps.length}); run that version, or use another --data-dir`,
    );
  const missing = steps.slice(found).join('');
  if (missing !== '') sql.exec(`BEGIN IMMEDIATE; ${missing} PRAGMA user_version = ${steps.length}; COMMIT;`);
}

/** Makes the disk keep the names in a folder: a log that was just made must be found after a power cut. (SQLite would do so with a first fsync of all that is in it.) */
function fsyncFolder(directory: string): void {
  // There a folder cannot be opened, nor need it be.
  if (process.platform === 'win32') return;
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
