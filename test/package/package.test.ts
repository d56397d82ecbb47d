import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunction, writeConfiguration } from '../../lib/infra/bundle.ts';
import { readCloudConfiguration } from '../../lib/infra/cloud-configuration.ts';
import { functionNames } from '../../lib/infra/function-names.ts';
import manifest from '../../package.json' with { type: 'json' };
import { runPrinted } from '../cli/support/polling-loop.ts';
import { scriptedServer } from '../cli/support/scripted-server.ts';
import { start } from '../cli/support/spawned.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { install, pack, plainEnv, root, toolIn } from './installed-package.ts';

/* What would be published, packed and installed into empty projects: without the peers, and with those that CDK apps have. */

const run = promisify(execFile);
const place = temporaryDirectory();
let tarball: string;
let alone: Awaited<ReturnType<typeof install>>;
let withPeers: Awaited<ReturnType<typeof install>>;

beforeAll(async () => {
  tarball = await pack(place.path);
  alone = await install(tarball, join(place.path, 'alone'));
  withPeers = await install(tarball, join(place.path, 'with-peers'), ['aws-cdk-lib', 'constructs', '@types/node']);
}, 600_000);
afterAll(() => place.remove());

describe('the packed package', () => {
  it.each([
    ['publint', ['run', '--strict']],
    ['attw', ['--profile', 'esm-only']],
  ])('is sound to %s', { timeout: 180_000 }, async (tool, argv) => {
    await expect(run(toolIn(tool), [...argv, tarball], { env: plainEnv() })).resolves.toBeDefined();
  });
  it('has no source, no test and nothing of the machine that packed it', () => {
    const names = alone.files().map((entry) => join(entry.parentPath, entry.name));
    expect(names.filter((name) => /\.ts$/.test(name) && !/\.d\.ts$/.test(name))).toEqual([]);
    const tops = readdirSync(join(alone.directory, 'node_modules/untildone')).sort();
    expect(tops).toEqual(['LICENSE', 'README.md', 'bin', 'dist', 'docs', 'package.json', 'skills']);
    expect(names.length).toBeGreaterThan(300);
    expect(names.filter((name) => readFileSync(name, 'utf8').includes(root))).toEqual([]);
  });
});

describe('its command', () => {
  const env = () => ({ ...plainEnv(), PATH: alone.path });

  it('says its version and its manifest', async () => {
    const { parsed } = await runPrinted('untildone --version', env());
    expect(parsed.data).toEqual({ version: manifest.version });
    const { parsed: commands } = await runPrinted('untildone manifest', env());
    expect(commands.data).toMatchObject({ commands: { 'job.start': {}, serve: {} } });
  });
  it('brings zod in a file of its own, and of its languages English alone', () => {
    const bin = join(alone.directory, 'node_modules/untildone/dist/bin');
    const files = readdirSync(bin);
    const saying = (words: RegExp) => files.filter((name) => words.test(readFileSync(join(bin, name), 'utf8')));
    expect(saying(/zod\/v4\/core\/schemas\.js/)).toHaveLength(1);
    expect(saying(/zod\/v4\/locales\/(?!en\.js)|from "zod"/)).toEqual([]);
    expect(files).toContain('LICENSE.zod');
  });
  it('has the thread that carries the log over beside what starts it', async () => {
    const bin = join(alone.directory, 'node_modules/untildone/dist/bin');
    const thread = join(bin, 'checkpoint-thread.js');
    const starts = readdirSync(bin).filter((name) =>
      readFileSync(join(bin, name), 'utf8').includes('./checkpoint-thread$'),
    );
    expect(starts).toHaveLength(1);
    const path = join(place.path, 'any.db');
    const descriptor = openSync(path, 'a');
    const carried = new Worker(thread, { workerData: { location: pathToFileURL(path).href, descriptor } });
    try {
      const answered = once(carried, 'message');
      carried.postMessage('pass');
      expect(await answered).toEqual([true]);
    } finally {
      await carried.terminate();
      closeSync(descriptor);
    }
  });
  it('serves, and sees an adopted job to its end', { timeout: 180_000 }, async () => {
    const upstream = await scriptedServer((_, count) => ({ json: { state: count > 1 ? 'FINISHED' : 'RUNNING' } }));
    const config = join(place.path, 'untildone.config.json');
    const ci = { transport: 'http', url: upstream.url, allow_http: true, allow_private_network: true };
    writeFileSync(config, JSON.stringify({ connections: { ci } }));
    const argv = ['serve', '--port', '0', '--data-dir', join(place.path, 'jobs'), '--config', config];
    const server = start('untildone', argv, env());
    try {
      const [, endpoint = ''] = await server.said(/listens on (http:\/\/\S+)/);
      const request = {
        kind: 'http',
        connection: 'ci',
        handle: { status: { url: '/runs/42' } },
        acceptors: [{ state: 'success', matcher: { path: 'state', expected: 'FINISHED', comparator: 'stringEquals' } }],
      };
      const called = { ...env(), UNTILDONE_ENDPOINT: endpoint };
      const { parsed } = await runPrinted(`untildone job adopt --request ${JSON.stringify(request)}`, called);
      expect(parsed.data).toMatchObject({ status: 'running' });
      const { job_id } = parsed.data as unknown as { job_id: string };
      const waited = await runPrinted(`untildone job wait ${job_id} --wait-seconds 20`, called);
      expect([waited.code, waited.parsed.data]).toEqual([0, expect.objectContaining({ status: 'complete' })]);
    } finally {
      process.kill(server.pid, 'SIGTERM');
      await server.exited;
    }
  });
});

describe('its entries', () => {
  it('give the contract, and asynchronous commands', async () => {
    const code = `
      import { jobIdPattern, readConfiguration } from 'untildone';
      import { asyncCommand, jobDescriptor, ownJobs } from 'untildone/commander';
      import { Command } from 'commander';
      const job = { job_id: 'it-1', status: 'running', started_at: '2026-11-21T09:00:00Z' };
      const program = new Command('it').exitOverride();
      const jobs = ownJobs({ status: () => job, cancel: () => job });
      asyncCommand(program.command('go'), jobs, { descriptor: jobDescriptor, action: () => job, cli_command: 'it' });
      await program.parseAsync(['go'], { from: 'user' });
      console.error(jobIdPattern.source, readConfiguration({ nope: 1 }).ok);
    `;
    const { stdout, stderr } = await alone.node('entries.mjs', code);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, data: { status_command: 'it job status it-1' } });
    expect(stderr.trim()).toBe('^job_[0-9a-z]{26}$ false');
  });
  it('rejects the construct without its peers, and names what is missing', async () => {
    const trial = alone.node('no-peers.mjs', "import { UntilDone } from 'untildone/cdk'; console.log(UntilDone);");
    await expect(trial).rejects.toThrow(/Cannot find package 'aws-cdk-lib' imported from .*untildone/);
  });
  it('rejects what it does not export', async () => {
    const trial = alone.node('inside.mjs', "import 'untildone/dist/lib/core/job.js';");
    await expect(trial).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});

describe('its construct', () => {
  const auth = { type: 'bearer', token: 'ssm:/ci/token' };
  const configuration = { connections: { ci: { transport: 'http', url: 'https://ci.example.com', auth } } };
  /** The functions that read secrets: the others are the same with and without Parameter Store's client. */
  const reading = ['start', 'mcp', 'poll', 'deliver'];

  it('synthesizes with the very bundles of the repository, beside neither esbuild nor the SDK', {
    timeout: 300_000,
  }, async () => {
    const out = join(place.path, 'cdk.out');
    const app = `
      import { App, Stack } from 'aws-cdk-lib';
      import { UntilDone } from 'untildone/cdk';
      const app = new App({ outdir: ${JSON.stringify(out)} });
      new UntilDone(new Stack(app, 'Jobs'), 'UntilDone', { configuration: ${JSON.stringify(configuration)} });
      app.synth();
    `;
    await withPeers.node('app.mjs', app);
    const assets = readdirSync(out).filter((entry) => entry.startsWith('asset.'));
    const shipped = readCloudConfiguration(configuration);
    const bundled = functionNames.map((name) => {
      const directory = join(place.path, 'from-source', name);
      bundleFunction(name, directory, reading.includes(name) ? shipped : readCloudConfiguration({}));
      writeConfiguration(directory, shipped);
      return contentsOf(directory);
    });
    const packed = assets.map((asset) => contentsOf(join(out, asset)));
    expect(packed.sort().map(namesOf)).toEqual(bundled.sort().map(namesOf));
    expect(packed).toEqual(bundled);
  });
  it('can be required by apps in CommonJS', { timeout: 180_000 }, async () => {
    const app = `
      const { App, Stack } = require('aws-cdk-lib');
      const { UntilDone, ConfigError } = require('untildone/cdk');
      const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
      const stack = new Stack(app, 'Jobs');
      try { new UntilDone(stack, 'Wrong', { watchdogMinutes: 9 }); }
      catch (error) { console.log(error instanceof ConfigError); }
      console.log(Object.keys(new UntilDone(stack, 'UntilDone').functions).length);
    `;
    expect((await withPeers.node('app.cjs', app)).stdout.trim()).toBe('true\n7');
  });
});

describe('its types', () => {
  const program = `
    import { Command } from 'commander';
    import type { ConfigurationInput, JobDescriptor, StartRequest } from 'untildone';
    import { asyncCommand, jobDescriptor, untildoneJobs } from 'untildone/commander';
    import { UntilDone, type UntilDoneProps } from 'untildone/cdk';
    import { Stack } from 'aws-cdk-lib';

    const configuration: ConfigurationInput = { connections: { ci: { transport: 'http', url: 'https://ci.example.com' } } };
    const props: UntilDoneProps = { configuration, watchdogMinutes: 5 };
    export const deploy = (stack: Stack): UntilDone => new UntilDone(stack, 'UntilDone', props);
    export const told = ({ status, reason }: JobDescriptor): string => status === 'failed' ? String(reason) : status;
    const request: StartRequest = { kind: 'http', connection: 'ci', handle: { status: { url: '/runs/42' } } };
    const jobs = untildoneJobs();
    asyncCommand(new Command('it').command('go <where>'), jobs, {
      descriptor: jobDescriptor,
      action: (where: string) => ({ request: { ...request, name: where } }),
    });
    // @ts-expect-error an action hands over a request, and this is none
    asyncCommand(new Command('it').command('stay'), jobs, { descriptor: jobDescriptor, action: () => ({ job_id: 'it-1' }) });
    // @ts-expect-error there is no such status
    export const never = (job: JobDescriptor): boolean => job.status === 'timed_out';
  `;

  it.each([
    // Every declaration is checked once; to look at all of CDK's takes long.
    ['nodenext', 'nodenext', false],
    ['esnext', 'bundler', true],
  ])(
    'compile with module %s and moduleResolution %s',
    { timeout: 300_000 },
    async (module, resolution, skipLibCheck) => {
      writeFileSync(join(withPeers.directory, 'consumer.ts'), program);
      const settings = join(withPeers.directory, `tsconfig.${resolution}.json`);
      const rest = { target: 'es2024', strict: true, noEmit: true, types: ['node'] };
      const compilerOptions = { module, moduleResolution: resolution, skipLibCheck, ...rest };
      writeFileSync(settings, JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
      const compiled = await run(toolIn('tsc'), ['-p', settings], { env: plainEnv() }).catch((error) => error);
      expect(compiled.stdout).toBe('');
    },
  );
});

/** The files of a folder: names and text, in order. */
const contentsOf = (directory: string): string[][] =>
  readdirSync(directory)
    .sort()
    .map((file) => [file, readFileSync(join(directory, file), 'utf8')]);
const namesOf = (contents: string[][]): (string | undefined)[] => contents.map(([name]) => name);
