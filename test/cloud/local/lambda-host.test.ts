import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FunctionDescription } from './described-cloud.ts';
import { type LambdaHost, startLambdaHost, TooManyRequests } from './lambda-host.ts';

const code = `
let calls = 0;
export const handler = async (event, context) => {
  calls += 1;
  const begun = Date.now();
  if (event.fail) throw new RangeError(event.fail);
  if (event.exit) process.exit(event.exit);
  if (event.wait_ms) await new Promise((resolve) => setTimeout(resolve, event.wait_ms));
  console.info('said', event.name);
  const { functionName, invokedFunctionArn } = context;
  const left_ms = context.getRemainingTimeInMillis();
  return { begun, ended: Date.now(), calls, pid: process.pid, functionName, invokedFunctionArn, left_ms, own: process.env.OWN, home: process.env.HOME ?? null };
};
`;
let directory: string;
let host: LambdaHost;

const describe = (name: string, more: Partial<FunctionDescription> = {}): FunctionDescription => ({
  name,
  arn: `arn:aws:lambda:eu-west-1:000000000000:function:${name}`,
  role_arn: 'arn:aws:iam::000000000000:role/Tried',
  handler: 'index.handler',
  code_directory: directory,
  timeout_s: 20,
  memory_mb: 128,
  reserved_concurrency: null,
  may_loop: false,
  environment: { OWN: `of ${name}` },
  ...more,
});

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'function-'));
  writeFileSync(join(directory, 'index.mjs'), code);
  const broken = join(directory, 'broken.mjs');
  writeFileSync(broken, 'throw new TypeError("not to be loaded");');
  host = startLambdaHost({
    functions: [
      describe('Warm'),
      describe('Failing'),
      describe('Exiting'),
      describe('Slow', { timeout_s: 0.3 }),
      describe('Narrow', { reserved_concurrency: 1 }),
      describe('Closed', { reserved_concurrency: 0 }),
      describe('Broken', { handler: 'broken.handler' }),
    ],
    variablesOf: () => ({ AWS_REGION: 'eu-west-1' }),
  });
});
afterAll(async () => {
  await host.close();
  rmSync(directory, { recursive: true });
});

it("runs the handler with AWS's runtime client, and keeps its process for the next event", async () => {
  const first = await host.invoke('Warm', { name: 'Anna' });
  expect(first).toMatchObject({
    function_error: null,
    payload: {
      calls: 1,
      functionName: 'Warm',
      invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:Warm',
      own: 'of Warm',
      home: null,
    },
  });
  const [pid] = host.pids('Warm');
  const again = await host.invoke('Warm', {});
  expect(again.payload).toMatchObject({ calls: 2, pid });
});

it('takes a second process for an event that comes meanwhile', async () => {
  const both = await Promise.all([host.invoke('Warm', { wait_ms: 50 }), host.invoke('Warm', { wait_ms: 50 })]);
  expect(new Set(both.map(({ payload }) => Object(payload).pid)).size).toBe(2);
});

it('keeps what the function wrote', async () => {
  await host.invoke('Warm', { name: 'Berta' });
  await expect.poll(() => host.logs.filter(({ line }) => line.includes('Berta'))).toHaveLength(1);
});

it('hands back what a handler threw, and goes on in the same process', async () => {
  expect(await host.invoke('Failing', { fail: 'too far' })).toMatchObject({
    function_error: 'Unhandled',
    payload: { errorType: 'RangeError', errorMessage: 'too far' },
  });
  expect((await host.invoke('Failing', {})).payload).toMatchObject({ calls: 2 });
});

it('tells of a process that ended under an event, and takes a new one', async () => {
  const { function_error, payload } = await host.invoke('Exiting', { exit: 3 });
  expect(function_error).toBe('Unhandled');
  expect(payload).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('status 3') });
  expect((await host.invoke('Exiting', {})).payload).toMatchObject({ calls: 1 });
});

it('kills at the timeout', async () => {
  expect((await host.invoke('Slow', { wait_ms: 60_000 })).payload).toMatchObject({
    errorType: 'Sandbox.Timedout',
    errorMessage: expect.stringContaining('Task timed out after 0.30 seconds'),
  });
  expect(host.pids('Slow')).toEqual([]);
});

it('tells why a module did not load', async () => {
  expect((await host.invoke('Broken', {})).payload).toMatchObject({
    errorType: 'TypeError',
    errorMessage: 'not to be loaded',
  });
});

it('lets time pass for a function as it does for the cloud', async () => {
  const [epoch_ms, begun_ms] = [Date.parse('2030-01-01T00:00:00Z'), Date.now()];
  const now = (): number => epoch_ms + (Date.now() - begun_ms) * 600;
  const fast = startLambdaHost({ functions: [describe('Timed')], time: { now, speed: 600 } });
  const { payload } = await fast.invoke('Timed', { wait_ms: 100 });
  await fast.close();
  const { begun, ended } = Object(payload);
  expect(begun).toBeGreaterThanOrEqual(epoch_ms);
  expect(begun).toBeLessThanOrEqual(now());
  expect(ended - begun).toBeGreaterThan(50_000);
});

it('turns down what is over the reserved concurrency', async () => {
  const first = host.invoke('Narrow', { wait_ms: 50 });
  await expect(host.invoke('Narrow', {})).rejects.toThrow(TooManyRequests);
  expect((await first).function_error).toBeNull();
  await expect(host.invoke('Closed', {})).rejects.toThrow(TooManyRequests);
});
