import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { pollUntilDone, runPrinted } from './support/polling-loop.ts';
import { envelopeIn } from './support/run.ts';
import { type Asked, type Reply, scriptedServer } from './support/scripted-server.ts';
import { installed, launcher, oldNodePreload, start } from './support/spawned.ts';

let place: ReturnType<typeof installed>;
beforeAll(() => {
  place = installed();
});
afterAll(() => place.remove());

const envFor = (endpoint: string): NodeJS.ProcessEnv => ({ PATH: place.path, UNTILDONE_ENDPOINT: endpoint });

describe('a polling loop written for the job protocol', () => {
  it.each([
    ['complete', aJob({ status: 'complete' }), 'done', [3, 0]],
    ['failed', aJob({ status: 'failed', reason: 'upstream_failed' }), 'failed', [3, 4]],
    ['timed out', aJob({ status: 'failed', reason: 'timed_out' }), 'failed', [3, 7]],
    ['cancelled', aJob({ status: 'cancelled', reason: 'cancelled_upstream' }), 'failed', [3, 4]],
  ] as const)('understands a job that ends %s', async (_name, last, end, polls) => {
    const server = await scriptedServer(({ method }, count) => ({
      status: method === 'POST' ? 202 : 200,
      json: count <= 2 ? aJob({ poll_interval_ms: 1 }) : last,
    }));
    const begin = 'untildone job start --kind http --connection ci --input {}';
    expect(await pollUntilDone(begin, envFor(server.url))).toMatchObject({ end, exits: polls });
  });

  it('stops at an unknown job: exit 5, no data', async () => {
    const server = await scriptedServer(() => aProblem(404, 'JOB_NOT_FOUND'));
    const { code, parsed } = await runPrinted(`untildone job status ${jobId}`, envFor(server.url));
    expect([code, parsed.data]).toEqual([5, null]);
  });
});

/** Starts `job wait` and resolves once the server has been asked. */
async function waiting(command: string, argv: string[]) {
  let wasAsked = (_: Asked): void => {};
  const asked = new Promise<Asked>((resolve) => {
    wasAsked = resolve;
  });
  const server = await scriptedServer((one): Reply => {
    wasAsked(one);
    return { hang: true };
  });
  const child = start(command, [...argv, 'job', 'wait', jobId], envFor(server.url));
  await asked;
  return child;
}

describe('a real process', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends a wait on %s with one document and both commands', async (signal, exit) => {
    const child = await waiting('untildone', []);
    process.kill(child.pid, signal);
    const { code, stdout, stderr } = await child.exited;
    expect(code).toBe(exit);
    expect(envelopeIn(stdout, exit).error?.code).toBe('CANCELLED');
    expect(stderr).toContain(`untildone job cancel ${jobId}`);
  });

  it('ends quietly with 0 when its reader has gone', async () => {
    let child: ReturnType<typeof start> | undefined;
    const server = await scriptedServer(() => {
      child?.closeStdout();
      return { json: { items: Array.from({ length: 2000 }, () => aJob()), next_cursor: null, has_more: false } };
    });
    child = start('untildone', ['job', 'list'], envFor(server.url));
    const { code, stderr } = await child.exited;
    expect([code, stderr]).toEqual([0, '']);
  });

  it('writes the same in every locale', async () => {
    const server = await scriptedServer(() => ({ json: aJob({ status: 'complete', progress_pct: 99.5 }) }));
    const written = async (locale: string): Promise<unknown> => {
      const env = { ...envFor(server.url), LC_ALL: locale, LANG: locale, TZ: 'Asia/Kolkata' };
      const { code, stdout } = await start('untildone', ['job', 'status', jobId], env).exited;
      return envelopeIn(stdout, code ?? -1).data;
    };
    const plain = await written('C');
    expect(plain).toMatchObject({ progress_pct: 99.5, started_at: '2026-11-21T09:00:00.000Z' });
    expect(await written('de_DE.UTF-8')).toEqual(plain);
  });

  it('writes a long document to its end', async () => {
    const items = Array.from({ length: 700 }, () => aJob());
    const server = await scriptedServer(() => ({ json: { items, next_cursor: null, has_more: false } }));
    const { code, stdout } = await start('untildone', ['job', 'list', '--full'], envFor(server.url)).exited;
    expect(stdout.length).toBeGreaterThan(500_000);
    expect(envelopeIn(stdout, code ?? -1).data).toMatchObject({ has_more: false });
  });
});

describe('the launcher on an old Node', () => {
  it('runs the same command on the Node of its clone, with its exit code', async () => {
    const preload = oldNodePreload(place.directory);
    const { code, stdout, stderr } = await start(
      process.execPath,
      ['--require', preload, launcher, 'job', 'status', 'x'],
      envFor(''),
    ).exited;
    expect([code, stderr]).toEqual([5, '']);
    expect(envelopeIn(stdout, 5).error?.code).toBe('JOB_NOT_FOUND');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('passes %s on', async (signal, exit) => {
    const child = await waiting(process.execPath, ['--require', oldNodePreload(place.directory), launcher]);
    process.kill(child.pid, signal);
    expect((await child.exited).code).toBe(exit);
  });

  it.each([
    ['a clone', ['untildone.ts'], 'npx --no-install untildone job list'],
    ['a project it is installed in', [], 'npm install node@24'],
  ])(
    'fails with what it saw, what it wanted and the next command where %s has no other Node',
    async (_, beside, fix) => {
      const bin = join(place.directory, `alone-${beside.length}`, 'bin');
      mkdirSync(bin, { recursive: true });
      copyFileSync(launcher, join(bin, 'untildone.js'));
      for (const file of [...beside, '../package.json']) writeFileSync(join(bin, file), '{"type":"module"}');
      const argv = ['--require', oldNodePreload(place.directory), join(bin, 'untildone.js'), 'job', 'list'];
      const { code, stdout, stderr } = await start(process.execPath, argv, envFor('')).exited;
      expect(code).toBe(1);
      expect(stderr).toContain('Node 24 or newer, and this is Node 18.19.0');
      expect(stderr).toContain(fix);
      expect(envelopeIn(stdout, 1).error).toMatchObject({ code: 'NODE_TOO_OLD', fix_command: fix });
    },
  );
});
