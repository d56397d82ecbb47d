import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const program = `
  const begun = process.cpuUsage();
  await import('./index.mjs');
  const { user, system } = process.cpuUsage(begun);
  console.log((user + system) / 1000);`;

/** Medians: ms of processor time, and how many times the first directory's, compared within each round. */
export type Load = { ms: number; ratio: number };

/**
 * What the `index.mjs` of each directory takes to load, in `rounds` fresh processes of the Node that runs this: processor time,
 * which a function has a small share of, and which a busy machine stretches less than the clock. The
 * directories take turns, and a time is compared with those of its own round: a machine that slows down slows all of them.
 */
export async function loadTimes(
  directories: readonly string[],
  { rounds, variables }: { rounds: number; variables: Record<string, string> },
): Promise<Load[]> {
  const times = directories.map((): number[] => []);
  for (let round = -1; round < rounds; round++)
    for (const [index, cwd] of directories.entries()) {
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
        cwd,
        env: variables,
      });
      // The first round only warms the disk's cache.
      if (round >= 0) times[index]?.push(Number(stdout));
    }
  return times.map((own) => ({
    ms: median(own),
    ratio: median(own.map((ms, round) => ms / (times[0]?.[round] ?? Number.NaN))),
  }));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
