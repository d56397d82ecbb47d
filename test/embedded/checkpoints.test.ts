import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { type CarryOver, carryOverHere } from '../../lib/embedded/checkpoints.ts';
import { type DatabaseOptions, openDatabase } from '../../lib/embedded/database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const close: (() => void)[] = [];
afterEach(() => {
  for (const one of close.splice(0).reverse()) one();
});

/** Each row takes a page of the log, and with its neighbours' a few more. */
function opened(options: DatabaseOptions) {
  const directory = temporaryDirectory();
  const database = openDatabase(directory.path, options);
  close.push(directory.remove, database.close);
  const { sql } = database;
  sql.exec('CREATE TABLE texts (value INTEGER PRIMARY KEY, text TEXT)');
  let last = 0;
  return {
    directory: directory.path,
    database,
    rows: () => Number(sql.prepare('SELECT count(*) AS rows FROM texts').get()?.['rows']),
    store: (durability: 'durable' | 'lazy' = 'lazy') =>
      database.write(() => {
        last += 1;
        sql.prepare('INSERT INTO texts VALUES (?, ?)').run(last, 'x'.repeat(3000));
      }, durability),
  };
}
/** Passes that end when they are told to. */
function byHand() {
  const passes: ((whole: boolean) => void)[] = [];
  const carryOver: CarryOver = {
    pass: () => new Promise((resolve) => void passes.push(resolve)),
    stop: () => undefined,
  };
  return { passes, carryOver: () => carryOver };
}
const script = fileURLToPath(new URL('../support/open-database.ts', import.meta.url));
/** What another process is told that opens the directory. */
const elsewhere = async (directory: string): Promise<string> =>
  (await promisify(execFile)(process.execPath, [script, directory])).stdout;
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

it('a log that is long enough is carried over: commits go on beside the first pass, and wait for the second', async () => {
  const { passes, carryOver } = byHand();
  const { store, rows, database } = opened({ carryOver, checkpoint_pages: 20 });
  for (let row = 0; passes.length === 0; row += 1) {
    expect(row).toBeLessThan(20);
    await store();
  }
  const before = rows();
  await store('durable');
  expect([rows(), passes.length]).toEqual([before + 1, 1]);
  passes[0]?.(true);
  await turn();
  const ended: string[] = [];
  void store('lazy').then(() => ended.push('lazy'));
  void store('durable').then(() => ended.push('durable'));
  await turn();
  expect([rows(), passes.length, ended]).toEqual([before + 1, 2, []]);
  database.sql.exec('PRAGMA wal_checkpoint(PASSIVE)');
  passes[1]?.(true);
  await turn();
  expect([rows(), passes.length]).toEqual([before + 3, 2]);
});

it('what a pass could not carry over is tried again after as many pages more, not at every commit', async () => {
  const { passes, carryOver } = byHand();
  const { store } = opened({ carryOver, checkpoint_pages: 20 });
  const begun: number[] = [];
  for (let row = 0; row < 60; row += 1) {
    await store();
    for (; passes.length > 0; await turn()) {
      begun.push(row);
      passes.shift()?.(false);
    }
  }
  // Two passes each time.
  expect(begun.length).toBeGreaterThanOrEqual(4);
  expect(begun.length).toBeLessThanOrEqual(30);
});

it('what waits for a second pass is committed when the file closes', async () => {
  const { passes, carryOver } = byHand();
  const { store, database, rows, directory } = opened({ carryOver, checkpoint_pages: 20 });
  while (passes.length === 0) await store();
  passes[0]?.(true);
  await turn();
  const before = rows();
  const last = store('durable');
  await turn();
  database.close();
  await last;
  const again = openDatabase(directory);
  close.push(again.close);
  expect(again.sql.prepare('SELECT count(*) AS rows FROM texts').get()).toEqual({ rows: before + 1 });
});

it.each([0, 1])('a pass that ends after the file was closed, number %i, is the last of it', async (passed) => {
  const { passes, carryOver } = byHand();
  const { store, database } = opened({ carryOver, checkpoint_pages: 20 });
  while (passes.length === 0) await store();
  for (let pass = 0; pass < passed; pass += 1) {
    passes[pass]?.(true);
    await turn();
  }
  const begun = passes.length;
  database.close();
  // The file is closed: to ask for the length of its log would be an error, of which nobody hears.
  passes.at(-1)?.(false);
  await turn();
  expect([begun, passes.length]).toEqual([passed + 1, passed + 1]);
});

it.each([
  ['the thread', {}],
  ['the connection itself, where no other may open the file,', { carryOver: carryOverHere }],
])(
  '%s carries over under load, so that the log begins anew again and again, and nothing is lost',
  async (_who, how) => {
    const { store, database, rows, directory } = opened({ checkpoint_pages: 100, ...how });
    const pages = (): number => Number(database.sql.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.['log']);
    let begunAnew = 0;
    let written = 0;
    for (let before = pages(); begunAnew < 5; before = pages()) {
      await Promise.all([store('durable'), store()]);
      written += 2;
      if (pages() < before) begunAnew += 1;
      expect(written).toBeLessThan(20_000);
    }
    expect(rows()).toBe(written);
    // The second connection came and went; the lock is still there.
    expect(await elsewhere(directory)).toContain('is held by another untildone process');
    database.close();
    expect(await elsewhere(directory)).toBe('open');
    const again = openDatabase(directory);
    close.push(again.close);
    expect(again.sql.prepare('SELECT count(*) AS rows FROM texts').get()).toEqual({ rows: written });
  },
);

it('a pass that cannot be made is one that left pages', async () => {
  const { database } = opened({});
  const carryOver = carryOverHere(database.sql);
  database.close();
  expect(await carryOver.pass()).toBe(false);
});
