import { execFile } from 'node:child_process';
import { chmodSync, closeSync, openSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../lib/embedded/database.ts';
import { startEngine } from '../../lib/embedded/engine.ts';
import { steps } from '../../lib/embedded/layout.ts';
import { createSqliteAnnouncements } from '../../lib/embedded/sqlite-announcements.ts';
import { createSqliteEvents } from '../../lib/embedded/sqlite-events.ts';
import { createSqliteJobStore } from '../../lib/embedded/sqlite-job-store.ts';
import { aJob, anEvent } from '../contracts/records.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { noTools } from '../support/no-tools.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { settingsOf } from './engine-world.ts';

const close: (() => void)[] = [];
afterEach(() => {
  for (const one of close.splice(0).reverse()) one();
});
function temporary(): string {
  const directory = temporaryDirectory();
  close.push(directory.remove);
  return directory.path;
}
function opened(directory = temporary()): Database {
  const database = openDatabase(directory);
  close.push(database.close);
  return database;
}
const fileIn = (directory: string): string => join(directory, 'untildone.db');
const configError = (message: string) => ({ code: 'CONFIG_ERROR', message: expect.stringContaining(message) });
const caught = (run: () => unknown): unknown => {
  try {
    run();
    return 'nothing thrown';
  } catch (error) {
    return error;
  }
};
const script = fileURLToPath(new URL('../support/open-database.ts', import.meta.url));
/** What another process is told that opens the directory; root would be let in anywhere, so that it goes as nobody. */
async function elsewhere(directory: string, as: { uid?: number; gid?: number } = {}): Promise<string> {
  return (await promisify(execFile)(process.execPath, [script, directory], { ...as, cwd: '/' })).stdout;
}
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
function boot(database: Database): void {
  void startEngine({
    database,
    settings: settingsOf({}),
    timers: manualTimers(),
    transports: { http: { call: () => Promise.reject(new Error('not called')) }, mcp: noTools },
    tell: () => undefined,
    observer: { tick: () => undefined, event: () => undefined, delivery: () => undefined },
  }).stop();
}

/** A file as the version left it that had taken so many steps of the layout. */
function ofVersion(version: number, fill: (sql: DatabaseSync) => void): string {
  const directory = temporary();
  const sql = new DatabaseSync(fileIn(directory));
  sql.exec(`PRAGMA journal_mode = WAL; ${steps.slice(0, version).join('')} PRAGMA user_version = ${version}`);
  fill(sql);
  sql.close();
  return directory;
}

describe('a file', () => {
  it('fails to open when a newer version wrote it, and is left as it is', () => {
    const directory = temporary();
    const database = openDatabase(directory);
    database.sql.exec('PRAGMA user_version = 99');
    database.close();
    for (const _time of [1, 2])
      expect(caught(() => openDatabase(directory))).toMatchObject(
        configError('was written by a newer untildone (layout 99'),
      );
  });

  it('of the first version takes the steps that it lacks, and keeps what it holds', () => {
    const job = aJob();
    const { state, handle, seen, ...record } = job;
    const texts = [record, { state, handle }, seen].map((one) => JSON.stringify(one));
    const directory = ofVersion(1, (sql) =>
      sql
        .prepare("INSERT INTO jobs VALUES (?, ?, 'http', 'running', 1, ?, NULL, ?, ?, ?)")
        .run(job.job_id, job.owner, job.generation_ms, ...texts),
    );
    const database = opened(directory);
    expect([...createSqliteJobStore(database, manualTimers()).takeUp(0)].flat()).toEqual([job]);
    expect(database.sql.prepare('PRAGMA user_version').get()).toEqual({ user_version: steps.length });
  });

  it('of a version before keeps its events and deliveries, and the place in the inbox of an event that it forgot', async () => {
    const job = aJob();
    const event = anEvent(job, 1);
    const directory = ofVersion(3, (sql) => {
      const insert = sql.prepare('INSERT INTO events (event_id, job_id, owner, at_ms, event) VALUES (?, ?, ?, 1, ?)');
      for (const event_id of [event.event_id, 'forgotten'])
        insert.run(event_id, job.job_id, job.owner, JSON.stringify(event));
      sql.exec("DELETE FROM events WHERE event_id = 'forgotten'");
      sql
        .prepare("INSERT INTO deliveries VALUES (?, 'ops', ?, 'failed', 8, 0, 'refused')")
        .run(event.event_id, job.job_id);
    });
    const database = opened(directory);
    const events = createSqliteEvents(database);
    const { event_id } = event;
    expect((await events.list({ owner: job.owner, cursor: null, limit: 5 })).events).toEqual([event]);
    const announcements = createSqliteAnnouncements({
      database,
      events,
      timers: manualTimers(),
      tell: () => undefined,
      observe: () => undefined,
    });
    expect(await announcements.list(job)).toEqual([
      { event_id, target: 'ops', state: 'failed', attempts: 8, last_error: 'refused' },
    ]);
    await events.append(job.owner, event);
    expect((await events.list({ owner: job.owner, cursor: null, limit: 5 })).next_cursor).toBe('1');
    await events.append(job.owner, anEvent(job, 2));
    expect((await events.list({ owner: job.owner, cursor: '1', limit: 5 })).next_cursor).toBe('3');
  });

  it('fails to open for a second process while the first lives, and not after it', async () => {
    const directory = temporary();
    const database = opened(directory);
    expect(await elsewhere(directory)).toMatch(
      /^ConfigError: .*untildone\.db is held by another untildone process; stop it/,
    );
    database.close();
    expect(await elsewhere(directory)).toBe('open');
  });

  it('fails to open where it cannot be written', async () => {
    const directory = temporary();
    chmodSync(directory, 0o555);
    expect(await elsewhere(directory, nobody)).toMatch(
      /^ConfigError: the data directory .* cannot be written \(EACCES\); choose another/,
    );
    expect(await elsewhere(join(directory, 'below'), nobody)).toMatch(/^ConfigError: .* cannot be written \(EACCES\)/);
  });

  it('fails to open when it may be read only', async () => {
    const directory = temporary();
    openDatabase(directory).close();
    chmodSync(directory, 0o777);
    chmodSync(fileIn(directory), 0o444);
    expect(await elsewhere(directory, nobody)).toMatch(
      /^ConfigError: .*untildone\.db cannot be written \(EACCES\); choose another/,
    );
  });

  it('fails to open where the data directory is a file', () => {
    const path = join(temporary(), 'file');
    writeFileSync(path, '');
    expect(caught(() => openDatabase(path))).toMatchObject(configError('cannot be written (EEXIST)'));
  });

  it.each([
    ['text', 'hello, this is no database at all\n'.repeat(400)],
    ['a few bytes', 'hello'],
    ['zeros', '\0'.repeat(8192)],
  ])('fails to open when it is no database but %s', (_what, text) => {
    const directory = temporary();
    writeFileSync(fileIn(directory), text);
    expect(caught(() => openDatabase(directory))).toMatchObject(configError('is damaged or no untildone file'));
  });

  it('fails to boot when it is damaged, in a way an operator understands', async () => {
    const directory = temporary();
    const database = openDatabase(directory);
    const store = createSqliteJobStore(database, manualTimers());
    for (let number = 0; number < 50; number += 1) await store.create(aJob({ number }));
    database.close();
    const { size } = statSync(fileIn(directory));
    const file = openSync(fileIn(directory), 'r+');
    writeSync(file, Buffer.alloc(size - 4096 * 4, 0xa5), 0, size - 4096 * 4, 4096 * 4);
    closeSync(file);
    expect(caught(() => boot(openDatabase(directory)))).toMatchObject(configError('is damaged or no untildone file'));
    truncateSync(fileIn(directory), 4096 * 3);
    expect(caught(() => boot(openDatabase(directory)))).toMatchObject(configError('is damaged or no untildone file'));
  });

  it('fails to boot when a record cannot be read', async () => {
    const directory = temporary();
    const database = openDatabase(directory);
    await createSqliteJobStore(database, manualTimers()).create(aJob());
    database.sql.exec("UPDATE jobs SET hot = '{'");
    expect(caught(() => boot(database))).toMatchObject(configError('is damaged or no untildone file'));
    expect(await elsewhere(directory)).toBe('open');
  });
});

describe('a commit', () => {
  const store = (database: Database, value: number, durability: 'durable' | 'lazy' = 'lazy') =>
    database.write(() => void database.sql.exec(`INSERT INTO numbers VALUES (${value})`), durability);
  const numbersIn = ({ sql }: Database): unknown[] =>
    sql
      .prepare('SELECT value FROM numbers ORDER BY value')
      .all()
      .map((row) => row['value']);
  function withNumbers(): Database {
    const database = opened();
    database.sql.exec('CREATE TABLE numbers (value INTEGER UNIQUE)');
    return database;
  }

  it('holds everything of one turn of the event loop', async () => {
    const database = withNumbers();
    await Promise.all(Array.from({ length: 100 }, (_, value) => store(database, value)));
    expect(database.counts).toMatchObject({ durable: 0, lazy: 1 });
    expect(numbersIn(database)).toHaveLength(100);
  });

  it('is made without the change that fails, whose neighbours do not suffer', async () => {
    const database = withNumbers();
    const results = await Promise.allSettled([
      store(database, 1),
      store(database, 2),
      database.write(() => {
        database.sql.exec('INSERT INTO numbers VALUES (3)');
        throw new Error('half-way');
      }, 'durable'),
      store(database, 1),
      store(database, 4),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(numbersIn(database)).toEqual([1, 2, 4]);
  });

  /** A disk that says when it has kept what was written. */
  function slowDisk() {
    const waiting: ((error: Error | null) => void)[] = [];
    const directory = temporary();
    const database = openDatabase(directory, { fsync: (_file, done) => void waiting.push(done) });
    close.push(database.close);
    database.sql.exec('CREATE TABLE numbers (value INTEGER UNIQUE)');
    const ended: number[] = [];
    return {
      database,
      waiting,
      ended,
      store: (value: number, durability: 'durable' | 'lazy') =>
        store(database, value, durability).then(() => void ended.push(value)),
    };
  }
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

  it('that is durable waits for its fsync; durable ones that come meanwhile are one commit, which begins when that ends', async () => {
    const { store, waiting, ended, database } = slowDisk();
    void store(1, 'durable');
    void store(2, 'lazy');
    await turn();
    expect([waiting.length, ended]).toEqual([1, [2]]);
    for (const value of [3, 4, 5]) {
      void store(value, 'durable');
      await turn();
    }
    expect([waiting.length, ended, numbersIn(database)]).toEqual([1, [2], [1, 2]]);
    waiting[0]?.(null);
    await turn();
    expect([waiting.length, ended]).toEqual([2, [2, 1]]);
    waiting[1]?.(null);
    await turn();
    expect(ended).toEqual([2, 1, 3, 4, 5]);
    expect(database.counts).toEqual({ durable: 2, lazy: 0, fsyncs: 2 });
  });

  const numbersFrom = (first: number, count: number) => Array.from({ length: count }, (_, at) => first + at);

  it('of many durable ones holds half: the halves take turns, one being fsynced while the other is answered', async () => {
    const { store, waiting, ended, database } = slowDisk();
    for (const value of numbersFrom(0, 64)) void store(value, 'durable');
    await turn();
    expect([numbersIn(database).length, waiting.length]).toEqual([32, 1]);
    for (let fsync = 0; fsync < 3; fsync += 1) {
      const before = ended.length;
      waiting[fsync]?.(null);
      await turn();
      expect(ended.length).toBe(before + 32);
      // Who was answered comes again.
      for (const value of numbersFrom(64 + fsync * 32, 32)) void store(value, 'durable');
      await turn();
      expect([numbersIn(database).length, waiting.length]).toEqual([64 + fsync * 32, fsync + 2]);
    }
  });

  it('of few durable ones waits for those that may come again, three turns of the event loop at most', async () => {
    const { store, waiting, database } = slowDisk();
    const once = () => new Promise((resolve) => setImmediate(resolve));
    for (const value of numbersFrom(0, 16)) void store(value, 'durable');
    await turn();
    waiting[0]?.(null);
    await turn();
    void store(16, 'durable');
    await once();
    void store(17, 'durable');
    await once();
    expect(numbersIn(database)).toHaveLength(16);
    await once();
    await once();
    expect([numbersIn(database).length, database.counts.durable]).toEqual([18, 2]);
    waiting[1]?.(null);
    await turn();
    // Nobody is held up who does not wait for the disk.
    void store(18, 'durable');
    void store(19, 'lazy');
    await once();
    expect(numbersIn(database)).toHaveLength(20);
  });

  it('follows one that failed as a whole, however many wait', async () => {
    const { store, ended, waiting, database } = slowDisk();
    void store(0, 'durable');
    await turn();
    waiting[0]?.(null);
    await turn();
    const refused = numbersFrom(0, 16).map(() => store(0, 'durable').catch(() => 'refused'));
    for (const value of [1, 2, 3]) void store(value, 'durable');
    expect(await Promise.all(refused)).toEqual(refused.map(() => 'refused'));
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect([numbersIn(database), waiting.length]).toEqual([[0, 1, 2, 3], 2]);
    waiting[1]?.(null);
    await turn();
    expect(ended).toEqual([0, 1, 2, 3]);
  });

  it('that nobody waits to see on disk is held up by no fsync, and overtakes none that came before it', async () => {
    const { store, waiting, ended, database } = slowDisk();
    void store(1, 'durable');
    await turn();
    void store(2, 'durable');
    void store(3, 'lazy');
    await turn();
    expect([waiting.length, ended, numbersIn(database)]).toEqual([1, [3], [1, 2, 3]]);
    waiting[0]?.(null);
    await turn();
    expect([waiting.length, ended]).toEqual([2, [3, 1]]);
    waiting[1]?.(null);
    await turn();
    expect(ended).toEqual([3, 1, 2]);
  });

  it('that nobody waits to see on disk is fsynced with others when a megabyte has come together', async () => {
    const { waiting, database } = slowDisk();
    database.sql.exec('CREATE TABLE texts (text TEXT)');
    const write = (): Promise<void> =>
      database.write(() => void database.sql.exec("INSERT INTO texts VALUES (printf('%.100000c', 'x'))"), 'lazy');
    async function megabytes(number: number): Promise<void> {
      for (let part = 0; part < 11 * number; part += 1) await write();
    }
    await write();
    expect(waiting.length).toBe(0);
    await megabytes(2);
    // One at a time: the second is taken up when the first has ended.
    await megabytes(2);
    expect([waiting.length, database.counts.fsyncs]).toEqual([1, 0]);
    waiting[0]?.(null);
    await turn();
    expect([waiting.length, database.counts.fsyncs]).toEqual([2, 1]);
    waiting[1]?.(null);
    await turn();
    expect([waiting.length, database.counts.fsyncs]).toEqual([2, 2]);
  });

  it('fails when the disk does not keep it, and so does every later one: nobody knows what is on it', async () => {
    const { store, waiting, ended } = slowDisk();
    const first = store(1, 'durable');
    await turn();
    waiting[0]?.(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }));
    const refused = {
      code: 'UNAVAILABLE',
      message: expect.stringContaining('the disk did not keep what was written (EIO)'),
    };
    await expect(first).rejects.toMatchObject(refused);
    await expect(store(2, 'lazy')).rejects.toMatchObject(refused);
    expect(ended).toEqual([]);
  });

  it('is on disk when the file closes while an fsync is under way, which ends later', async () => {
    const { store, waiting, ended, database } = slowDisk();
    const first = store(1, 'durable');
    await turn();
    const second = store(2, 'durable');
    database.close();
    await Promise.all([first, second]);
    expect(ended).toEqual([1, 2]);
    waiting[0]?.(null);
  });

  it('is made of what waits when the file closes, and nothing is taken after that', async () => {
    const directory = temporary();
    const database = openDatabase(directory);
    database.sql.exec('CREATE TABLE numbers (value INTEGER UNIQUE)');
    const last = store(database, 1);
    database.close();
    await last;
    await expect(store(database, 2)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(numbersIn(opened(directory))).toEqual([1]);
  });
});
