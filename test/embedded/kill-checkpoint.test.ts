import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openDatabase } from '../../lib/embedded/database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const script = fileURLToPath(new URL('../support/write-until-killed.ts', import.meta.url));

/** Lets a process write until it has acknowledged so many rows, kills it, and returns them: the log was carried over again and again meanwhile. */
async function killedAfter(rows: number, directory: string): Promise<number[]> {
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === rows) child.kill('SIGKILL');
  }
  await exited;
  return acknowledged;
}

it('a process that is killed while its log is carried over loses nothing that it acknowledged', {
  timeout: 120_000,
}, async () => {
  const directory = temporaryDirectory();
  try {
    const acknowledged: number[] = [];
    for (const rows of [60, 111, 173, 240, 307, 391]) {
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
    expect(acknowledged.length).toBeGreaterThan(1200);
  } finally {
    directory.remove();
  }
});
