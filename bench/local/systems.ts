import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type OwnProcess, startProcess } from './own-process.ts';

/** A system that does the work, and how it is driven. */
export type System = {
  name: 'untildone' | 'timers' | 'timers, kept';
  /** Whether it takes its jobs up again after a crash. */
  survives: boolean;
  path: string;
  /** What hands one job over, `"N"` being its number. */
  body: string;
  /** `alone`: without what answers questions about it, which takes a while to load. */
  start(place: Place, how?: { alone: boolean }): OwnProcess;
};
/** `command`: the program that is untildone's. */
export type Place = { directory: string; command: string; port: number; remote_port: number; every_seconds: number };

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const inside = ['--expose-gc', '--import', here('look-inside.ts')];
const logOf = ({ directory }: Place): string => join(directory, 'process.log');
/** Longer than any run. */
const expected_seconds = 36_000;

const floor = (name: 'timers' | 'timers, kept', kept: boolean): System => ({
  name,
  survives: false,
  path: '/jobs',
  body: JSON.stringify({ handle: { id: 'N' } }),
  start: (place) =>
    startProcess({
      program: here('floor.ts'),
      words: [
        String(place.port),
        `http://127.0.0.1:${place.remote_port}`,
        String(place.every_seconds * 1000),
        ...(kept ? [join(place.directory, 'jobs.log')] : []),
      ],
      flags: inside,
      log: logOf(place),
    }),
});

const untildone: System = {
  name: 'untildone',
  survives: true,
  path: '/v1/jobs',
  body: JSON.stringify({
    kind: 'work',
    connection: 'remote',
    handle: { id: 'N' },
    first_check: 'later',
    expected_seconds,
  }),
  start: (place, how) => {
    const config = join(place.directory, 'untildone.config.json');
    writeFileSync(config, JSON.stringify(configurationOf(place)));
    return startProcess({
      program: place.command,
      words: ['serve', '--port', String(place.port), '--data-dir', join(place.directory, 'data'), '--config', config],
      flags: how?.alone ? [] : inside,
      env: { BENCH_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
      log: logOf(place),
    });
  },
};

/** As anybody would configure it, but for the ramp, which the others do not have, and a limit on the number of jobs. */
function configurationOf({ remote_port, every_seconds }: Place): unknown {
  const origin = `http://127.0.0.1:${remote_port}`;
  const nearby = { allow_http: true, allow_private_network: true };
  const matcher = (expected: string) => ({ path: 'status', expected, comparator: 'stringEquals' });
  return {
    connections: { remote: { transport: 'http', url: origin, ...nearby } },
    kinds: [
      {
        name: 'work',
        transport: 'http',
        handle: {},
        status: { url: '/jobs/{id}' },
        acceptors: [
          { state: 'success', matcher: matcher('done') },
          { state: 'failure', matcher: matcher('failed') },
          { state: 'retry', matcher: matcher('running') },
        ],
        pace: { interval_seconds: every_seconds, ramp: false },
      },
    ],
    announce: { webhooks: [{ name: 'hook', url: `${origin}/hook`, secret: 'env:BENCH_SECRET', ...nearby }] },
    max_active_jobs_per_owner: 1_000_000,
  };
}

export const systems: readonly System[] = [untildone, floor('timers', false), floor('timers, kept', true)];

/** A place of its own for one run. */
export async function placeFor(
  number: number,
  { root, ...rest }: { root: string } & Pick<Place, 'command' | 'remote_port' | 'every_seconds'>,
): Promise<Place> {
  const directory = join(root, String(number));
  mkdirSync(directory, { recursive: true });
  return { ...rest, directory, port: await freePort() };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });

/** Waits until somebody listens at `port`; milliseconds that it took. */
export async function untilOpen(port: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/health`);
      return performance.now() - began;
    } catch {
      if (performance.now() - began > 60_000) throw new Error(`nothing listens on port ${port} after a minute`);
      await sleep(2);
    }
  }
}
