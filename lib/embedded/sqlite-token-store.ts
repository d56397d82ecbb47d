import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../core/errors.ts';
import { type KeptTokens, noTokens, type TokenRecord, type TokenStore } from '../transports/oauth/token-store.ts';

/** This process, for the lease: its number alone may be a later process's too. */
const self = { pid: process.pid, run: randomUUID() };
type Holder = typeof self;
type Row = { version: number; lease_until_ms: number; holder: string; record: string | null };

const layout = `
CREATE TABLE IF NOT EXISTS tokens (
  one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, lease_until_ms INTEGER NOT NULL, holder TEXT NOT NULL, record TEXT
) STRICT`;

/**
 * `TokenStore` in a small SQLite file of its own, readable by its owner only: several processes may share it, and what one of
 * them was killed at is undone or done. The lease of a process that is gone ends with it. Throws ConfigError where the file
 * cannot be written; what may pass is thrown as it came.
 */
export function createSqliteTokenStore(path: string): TokenStore {
  /** Opened for each of the few uses, so that nothing is held open for a connection that is seldom called. */
  function within<Result>(work: (sql: DatabaseSync, row: Row | undefined) => Result): Result {
    prepare(path);
    let sql: DatabaseSync | undefined;
    try {
      sql = new DatabaseSync(path, { timeout: 2_000 });
      sql.exec('PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON;');
      sql.exec(layout);
      sql.exec('BEGIN IMMEDIATE');
      // The only table there is, made above.
      const row = sql.prepare('SELECT version, lease_until_ms, holder, record FROM tokens').get() as Row | undefined;
      const result = work(sql, row);
      sql.exec('COMMIT');
      return result;
    } finally {
      // What was begun and not committed is rolled back.
      sql?.close();
    }
  }
  const write = (sql: DatabaseSync, { version, lease_until_ms, holder, record }: Row): void => {
    sql
      .prepare('INSERT OR REPLACE INTO tokens (one, version, lease_until_ms, holder, record) VALUES (1, ?, ?, ?, ?)')
      .run(version, lease_until_ms, holder, record);
  };

  return {
    read: async () => (existsSync(path) ? within((_, row) => keptIn(row)) : keptIn(undefined)),
    lease: async (version, now_ms, until_ms) =>
      within((sql, row) => {
        const held = row !== undefined && row.lease_until_ms > now_ms && lives(row.holder);
        if ((row?.version ?? 0) !== version || held) return false;
        write(sql, { version, lease_until_ms: until_ms, holder: JSON.stringify(self), record: row?.record ?? null });
        return true;
      }),
    save: async (version, record) =>
      within((sql, row) => {
        if ((row?.version ?? 0) !== version) return false;
        write(sql, { version: version + 1, lease_until_ms: 0, holder: '', record: JSON.stringify(record) });
        return true;
      }),
  };
}

function keptIn(row: Row | undefined): KeptTokens {
  // Written by `save`, from the same type; a field that is newer than the file has its first value.
  const record: Partial<TokenRecord> = row?.record == null ? {} : JSON.parse(row.record);
  return { version: row?.version ?? 0, record: { ...noTokens, ...record } };
}

/** Whether the process that took a lease may still be at it. */
function lives(holder: string): boolean {
  const { pid, run }: Holder = JSON.parse(holder);
  if (pid === self.pid) return run === self.run;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

const closed = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR']);

/** Makes the file before SQLite would, which lets others read it. */
function prepare(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (!closed.has(code)) throw cause;
    throw new ConfigError(
      `${path} cannot be written (${code}), and a new refresh token would be lost; make its folder writable`,
      { cause },
    );
  }
}
