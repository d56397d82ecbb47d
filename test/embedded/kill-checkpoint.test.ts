import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openDatabase } from '../../lib/embedded/database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const script = fileURLToPath(new URL('../support/write-until-killed.ts', import.meta.url));

/** Lets a process write until its log was carried over into the file, and this many rows longer, which is again and again; kills it, and returns what it acknowledged. */
async function killedAfter(rows: number, directory: string): Promise<number[]> {
  const file = join(directory, 'untildone.db');
  const before_bytes = statSync(file).size;
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const acknowledged: number[] = [];
  let left = rows;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    // Nothing but a checkpoint lets the file itself grow.
    if (left < rows || statSync(file).size > before_bytes) left -= 1;
    if (left === 0) child.kill('SIGKILL');
  }
  await exited;
  expect(left).toBeLessThanOrEqual(0);
  return acknowledged;
}

it('a process that is killed while its log is carried over loses nothing that it acknowledged', {
  timeout: 120_000,
}, async () => {
  const directory = temporaryDirectory();
  try {
    openDatabase(directory.path).close();
    const acknowledged: number[] = [];
    for (const rows of [1, 11, 37, 90, 173, 391]) {
      acknowledged.push(...(await killedAfter(rows, directory.path)));
      const { sql, close } = openDatabase(directory.path);
      const kept = new Set(
        sql
          .prepare('SELECT number FROM rows')
          .all()
          .map(({ number }) => number),
      );
      expect(acknowledged.filter((number) => !kept.has(number))).toEqual([]);
      expect(sql.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      close();
    }
    expect(acknowledged.length).toBeGreaterThan(700);
  } finally {
    directory.remove();
  }
});
