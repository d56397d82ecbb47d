import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weigh } from '../../bench/bundle-sizes.ts';
import { env } from '../../lib/env.ts';
import { bundle, bundleFunction, type FunctionName, functionNames as names } from '../../lib/infra/bundle.ts';
import { readCloudConfiguration } from '../../lib/infra/cloud-configuration.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { synthesized } from './synthesized.ts';

const run = promisify(execFile);
const directory = temporaryDirectory();
const bundles = new Map<FunctionName, Metafile>();
const shipped = readCloudConfiguration({});
const stack = synthesized();

/** Bytes, minified, that are read when a function starts. Poll's is a goal; the others are today's, so that none grows unseen. */
const mostBytes: Record<FunctionName, number> = {
  poll: 400_000,
  deliver: 350_000,
  sweep: 335_000,
  status: 915_000,
  cancel: 925_000,
  start: 990_000,
  mcp: 1_400_000,
};

beforeAll(() => {
  for (const name of names) bundles.set(name, bundleFunction(name, join(directory.path, name), shipped));
}, 60_000);
afterAll(() => directory.remove());

const inputsOf = (name: FunctionName): string[] => Object.keys(bundles.get(name)?.inputs ?? {});
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
  it.each(['poll', 'deliver', 'sweep'] as const)('%s: has no zod', (name) => {
    expect(packagesOf(name)).toContain('untildone');
    expect(packagesOf(name)).not.toContain('zod');
  });
  it.each(names)('%s: has no undici, and takes credentials from its environment alone', (name) => {
    const strangers =
      /node_modules\/(undici\/|@aws-sdk\/credential-provider-(node|ini|sso|process|login|web-identity)\/)/;
    expect(inputsOf(name).filter((path) => strangers.test(path))).toEqual([]);
  });
});

describe('the MCP server', () => {
  it('is in the bundle that serves it, and in no other', () => {
    const having = names.filter((name) => inputsOf(name).some((path) => path.includes('@modelcontextprotocol/server')));
    expect(having).toEqual(['mcp']);
  });
});

describe('the bundle of poll', () => {
  it('has no web framework', () => {
    expect(
      inputsOf('poll').filter((path) => /node_modules\/(hono|@hono|standardwebhooks|client-ssm)/.test(path)),
    ).toEqual([]);
    expect(bytesOf('poll')).toBeGreaterThan(100_000);
  });
  it('brings the client of Parameter Store along only for who has a secret there', () => {
    const configuration = {
      connections: {
        ci: { transport: 'http', url: 'https://ci.example.com', auth: { type: 'bearer', token: 'ssm:ci' } },
      },
    };
    const { inputs } = bundleFunction('poll', join(directory.path, 'with'), readCloudConfiguration(configuration));
    expect(Object.keys(inputs).some((path) => path.includes('@aws-sdk/client-ssm'))).toBe(true);
    expect(inputsOf('poll').some((path) => path.includes('@aws-sdk/client-ssm'))).toBe(false);
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

function givenFor(variable: string): string {
  if (variable === env.apiAuth) return 'iam';
  return variable === env.watchdogMinutes || variable === env.longPollSeconds ? '1' : 'something';
}
