import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { env } from '../../lib/env.ts';
import { bundleFunction, type FunctionName } from '../../lib/infra/bundle.ts';
import { readCloudConfiguration } from '../../lib/infra/cloud-configuration.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { synthesized } from './synthesized.ts';

const run = promisify(execFile);
const names: FunctionName[] = ['start', 'status', 'cancel', 'mcp', 'poll', 'deliver', 'sweep'];
const directory = temporaryDirectory();
const bundles = new Map<FunctionName, Metafile>();
const shipped = readCloudConfiguration({});
const stack = synthesized();

/** Bytes, minified. Design §11 wants 400,000: zod and undici have to leave it first, so that this only keeps it from growing. */
const mostOfPoll = 1_150_000;

beforeAll(() => {
  for (const name of names) bundles.set(name, bundleFunction(name, join(directory.path, name), shipped));
}, 60_000);
afterAll(() => directory.remove());

const inputsOf = (name: FunctionName): string[] => Object.keys(bundles.get(name)?.inputs ?? {});
const bytesOf = (name: FunctionName): number =>
  Object.values(bundles.get(name)?.outputs ?? {}).reduce((sum, { bytes }) => sum + bytes, 0);

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

describe('the MCP server', () => {
  it('is in the bundle that serves it, and in no other', () => {
    const having = names.filter((name) => inputsOf(name).some((path) => path.includes('@modelcontextprotocol/server')));
    expect(having).toEqual(['mcp']);
  });
});

describe('the bundle of poll', () => {
  it('has no web framework, and does not grow unseen', () => {
    console.log(names.map((name) => `${name} ${Math.round(bytesOf(name) / 1000)} KB`).join(', '), '(minified)');
    expect(
      inputsOf('poll').filter((path) => /node_modules\/(hono|@hono|standardwebhooks|client-ssm)/.test(path)),
    ).toEqual([]);
    expect(bytesOf('poll')).toBeLessThan(mostOfPoll);
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

function givenFor(variable: string): string {
  if (variable === env.apiAuth) return 'iam';
  return variable === env.watchdogMinutes || variable === env.longPollSeconds ? '1' : 'something';
}
