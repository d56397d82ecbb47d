import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const readmeCommands = readFileSync(join(root, 'README.md'), 'utf8')
  .split('\n')
  .filter((line) => /^(curl -s|npx --no-install untildone job start)/.test(line));

let directory: string;
let child: ReturnType<typeof spawn>;
let said = '';

/** Waits until the child has said something that matches. */
const hear = (pattern: RegExp): Promise<RegExpMatchArray> =>
  new Promise((resolve, reject) => {
    const look = () => {
      const match = pattern.exec(said);
      if (match !== null) resolve(match);
    };
    child.stderr?.on('data', look);
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}: ${said}`)));
    look();
  });

const shell = async (command: string): Promise<{ stdout: string }> =>
  promisify(execFile)('sh', ['-c', command], {
    cwd: root,
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
  });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'untildone-start-'));
  child = spawn(process.execPath, [join(root, 'examples/start.ts')], {
    cwd: directory,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await hear(/inbox: http\S+/);
});

afterAll(async () => {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  rmSync(directory, { recursive: true, force: true });
});

it('prints a curl, two npx lines and the inbox, which work as printed', { timeout: 60_000 }, async () => {
  const [curl = '', npx = '', overMcp = ''] = said
    .split('\n')
    .filter((line) => /curl -s|npx --no-install/.test(line))
    .map((line) => line.trim());
  const handedOver = JSON.parse((await shell(curl)).stdout);
  expect(handedOver).toMatchObject({
    kind: 'load-test',
    status: 'running',
    upstream_state: expect.stringMatching(/CREATED|PREPARING|RUNNING/),
  });
  const started = JSON.parse((await shell(npx)).stdout);
  expect(started).toMatchObject({ ok: true, data: { name: 'search', status: 'running' } });

  const scenario = JSON.parse((await shell(overMcp)).stdout);
  expect(scenario).toMatchObject({ ok: true, data: { kind: 'octoperf-scenario', expected_seconds: 38 } });

  const endpoint = /UNTILDONE_ENDPOINT=(\S+)/.exec(npx)?.[1] ?? '';
  for (const job of [handedOver, started.data, scenario.data])
    await shell(`UNTILDONE_ENDPOINT=${endpoint} ${job.cancel_command}`);
  await hear(/CANCELLED · checkout/);
  await hear(/CANCELLED · search/);
  await hear(/(CANCELLED|COMPLETE) · scenario/); // it takes eight seconds, and so may all this
  const inbox = /inbox: (\S+)/.exec(said)?.[1] ?? '';
  const { events } = (await (await fetch(inbox)).json()) as { events: { type: string }[] };
  expect(events.map((event) => event.type)).toEqual(['job.settled', 'job.settled', 'job.settled']);
});

it('prints what the README shows, but for the port', () => {
  const printed = said
    .split('\n')
    .filter((line) => /curl -s|npx --no-install/.test(line))
    .map((line) =>
      line
        .trim()
        .replace(/^UNTILDONE_ENDPOINT=\S+ /, '')
        .replace(/127\.0\.0\.1:\d+\/v1/, '127.0.0.1:4646/v1'),
    );
  expect(printed).toEqual(readmeCommands);
});
