import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weigh } from '../../bench/bundle-sizes.ts';
import { env } from '../../lib/env.ts';
import { bundle, bundleFunction } from '../../lib/infra/bundle.ts';
import { readCloudConfiguration } from '../../lib/infra/cloud-configuration.ts';
import { type FunctionName, functionNames as names } from '../../lib/infra/function-names.ts';
import { readAtStart } from '../../lib/infra/join-start.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { synthesized } from './synthesized.ts';

const run = promisify(execFile);
const directory = temporaryDirectory();
const bundles = new Map<FunctionName, Metafile>();
const managedSecret = 'secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci-AbCdEf';
const connectedWith = (token: string) =>
  readCloudConfiguration({
    connections: { ci: { transport: 'http', url: 'https://ci.example.com', auth: { type: 'bearer', token } } },
  });
/** With the client that most deployments need. */
const shipped = connectedWith(managedSecret);
const stack = synthesized();

/** Bytes, minified, that are read when a function starts. Poll's is a goal; the others are those of a measured day and 3 %, so that none grows unseen. */
const mostBytes: Record<FunctionName, number> = {
  poll: 400_000,
  deliver: 350_000,
  sweep: 335_000,
  status: 296_000,
  cancel: 322_000,
  start: 573_000,
  mcp: 414_000,
};

beforeAll(() => {
  for (const name of names) bundles.set(name, bundleFunction(name, join(directory.path, name), shipped));
}, 60_000);
afterAll(() => directory.remove());

const inputsOf = (name: FunctionName): string[] => Object.keys(bundles.get(name)?.inputs ?? {});
/** What was not shaken off. */
const usedBy = (name: FunctionName): string[] =>
  Object.values(bundles.get(name)?.outputs ?? {}).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
/** Packages that are read at the start, not those that wait behind an `import()`. */
const packagesOf = (name: FunctionName): string[] =>
  weigh(bundles.get(name) ?? { inputs: {}, outputs: {} }).packages.map(([one]) => one);
const bytesOf = (name: FunctionName): number => weigh(bundles.get(name) ?? { inputs: {}, outputs: {} }).start_bytes;

describe('each bundle', () => {
  it.each(names)('%s: holds neither CDK nor the embedded engine nor a test, and needs nothing beside it', (name) => {
    const strangers = /aws-cdk-lib|constructs\/|lib\/embedded|lib\/cli|nodemailer|^test\/|lib\/infra/;
    expect(inputsOf(name).length).toBeGreaterThan(50);
    expect(inputsOf(name).filter((path) => strangers.test(path))).toEqual([]);
  });
  it.each(names)('%s: starts on Node with the variables that its grants set', async (name) => {
    const given = Object.fromEntries(stack.variablesOf(name).map((variable) => [variable, givenFor(variable)]));
    const code = "import('./index.mjs').then(({ handler }) => console.log(typeof handler))";
    const { stdout } = await run(process.execPath, ['--eval', code], {
      cwd: join(directory.path, name),
      env: { AWS_REGION: 'eu-west-1', AWS_LAMBDA_FUNCTION_NAME: name, ...given },
    });
    expect(stdout.trim()).toBe('function');
  });
  it('is the same again, file for file, so that a deployment changes only what has changed', () => {
    const again = join(directory.path, 'again');
    bundleFunction('poll', again, shipped);
    const filesIn = (path: string) => readdirSync(path).sort();
    expect(filesIn(again)).toEqual(filesIn(join(directory.path, 'poll')));
    for (const file of filesIn(again))
      expect(readFileSync(join(again, file)).equals(readFileSync(join(directory.path, 'poll', file)))).toBe(true);
  });
  it('names the variable that is missing', async () => {
    const started = run(process.execPath, ['index.mjs'], {
      cwd: join(directory.path, 'poll'),
      env: { AWS_REGION: 'eu-west-1' },
    });
    await expect(started).rejects.toThrow(/the variable JOB_TABLE_NAME is not set; deploy the stack again/);
  });
});

describe('what a function reads at its start', () => {
  it.each(names)('%s: does not grow unseen', (name) => {
    expect(bytesOf(name)).toBeGreaterThan(200_000);
    expect(bytesOf(name)).toBeLessThan(mostBytes[name]);
  });
  it.each(['poll', 'deliver', 'sweep', 'status', 'cancel', 'mcp'] as const)('%s: has no zod', (name) => {
    expect(packagesOf(name)).toContain('untildone');
    expect(packagesOf(name)).not.toContain('zod');
  });
  it.each(names)('%s: has no web framework', (name) => {
    expect(inputsOf(name).filter((path) => /node_modules\/@?hono\//.test(path))).toEqual([]);
  });
  it.each(names)('%s: has no undici, and takes credentials from its environment alone', (name) => {
    const strangers =
      /node_modules\/(undici\/|@aws-sdk\/credential-provider-(node|ini|sso|process|login|web-identity)\/)/;
    expect(inputsOf(name).filter((path) => strangers.test(path))).toEqual([]);
  });
  it.each(names)('%s: discovers no endpoints, for which the client of the table would need its cache', (name) => {
    expect(usedBy(name).filter((path) => path.includes('resolveEndpointDiscoveryConfig'))).toHaveLength(1);
    const discovery = /endpointDiscoveryMiddleware|node_modules\/(@aws-sdk\/endpoint-cache|mnemonist)\//;
    expect(usedBy(name).filter((path) => discovery.test(path))).toEqual([]);
  });
});

describe('the MCP server', () => {
  it('is in the bundle that serves it, and in no other', () => {
    const having = names.filter((name) => inputsOf(name).some((path) => path.includes('@modelcontextprotocol/server')));
    expect(having).toEqual(['mcp']);
  });
});

describe('the bundle of poll', () => {
  it('signs no webhook and has no client that nobody needs', () => {
    expect(inputsOf('poll').filter((path) => /node_modules\/(standardwebhooks|client-ssm)/.test(path))).toEqual([]);
    expect(bytesOf('poll')).toBeGreaterThan(100_000);
  });
  it.each([
    ['ssm:ci', 'client-ssm', 'client-secrets-manager'],
    [managedSecret, 'client-secrets-manager', 'client-ssm'],
  ])('brings along only the client of where secrets are: %s', (token, wanted, unused) => {
    const configuration = connectedWith(token);
    const { inputs } = bundleFunction('poll', join(directory.path, wanted), configuration);
    const has = (paths: string[], client: string) => paths.some((path) => path.includes(`@aws-sdk/${client}/`));
    expect([has(Object.keys(inputs), wanted), has(Object.keys(inputs), unused)]).toEqual([true, false]);
  });
});

describe('a package behind an import()', () => {
  it('waits in a file of its own until it is needed, and works from there', async () => {
    const entry = join(directory.path, 'lazy.ts');
    const mailer = JSON.stringify(createRequire(import.meta.url).resolve('nodemailer'));
    writeFileSync(entry, `export const load = async () => typeof (await import(${mailer})).default.createTransport;\n`);
    const weight = weigh(bundle(entry, join(directory.path, 'lazy'), shipped));
    expect(weight.start_bytes).toBeLessThan(5_000);
    expect(weight.lazy_bytes).toBeGreaterThan(100_000);
    expect(weight.packages.map(([name]) => name)).not.toContain('nodemailer');
    const code = "import('./index.mjs').then(({ load }) => load()).then(console.log)";
    const { stdout } = await run(process.execPath, ['--eval', code], { cwd: join(directory.path, 'lazy') });
    expect(stdout.trim()).toBe('function');
  });
});

describe('what is read at the start', () => {
  it.each(names)('%s: is one file behind the entry', (name) => {
    const { outputs = {} } = bundles.get(name) ?? {};
    const [entry = ''] = Object.keys(outputs).filter((file) => file.endsWith('/index.mjs'));
    expect([...readAtStart(outputs, entry)].map((file) => basename(file))).toEqual(['index.mjs', 'start.mjs']);
    const told = Object.entries(outputs).map(([file, { bytes }]) => [basename(file), bytes]);
    const sizes = told.map(([file]) => [file, statSync(join(directory.path, name, String(file))).size]);
    expect(told).toEqual(sizes);
  });
  it('is shared with what waits behind an import(), and its packages may require the modules of Node', async () => {
    const mailer = JSON.stringify(createRequire(import.meta.url).resolve('nodemailer'));
    const files = {
      'box.ts': 'export const box = { opened: 0 };',
      'later.ts': "import { box } from './box.ts';\nexport const open = () => { box.opened += 1; };",
      'together.ts': `import mailer from ${mailer};\nimport { box } from './box.ts';
        export const load = async () => {
          (await import('./later.ts')).open();
          return [box.opened, typeof mailer.createTransport({}).sendMail].join();
        };`,
    };
    for (const [file, code] of Object.entries(files)) writeFileSync(join(directory.path, file), code);
    bundle(join(directory.path, 'together.ts'), join(directory.path, 'together'), shipped);
    // As a module: what is evaluated otherwise brings a `require` for all.
    const code = "import('./index.mjs').then(({ load }) => load()).then(console.log)";
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: join(directory.path, 'together'),
    });
    expect(stdout.trim()).toBe('1,function');
  });
});

function givenFor(variable: string): string {
  if (variable === env.apiAuth) return 'iam';
  return variable === env.watchdogMinutes || variable === env.longPollSeconds ? '1' : 'something';
}
