import { EventEmitter } from 'node:events';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { asyncCommand } from '../../lib/cli/async/async-command.ts';
import { startRejected } from '../../lib/cli/async/async-job.ts';
import { ownJobs } from '../../lib/cli/async/own-jobs.ts';
import { untildoneJobs } from '../../lib/cli/async/untildone-jobs.ts';
import { jobDescriptor } from '../../lib/cli/descriptor-schema.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import { go, runDeploy, seeing, started } from './support/deploy-program.ts';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { handClock } from './support/run.ts';
import { scriptedServer } from './support/scripted-server.ts';

describe('a command that was made asynchronous', () => {
  it('answers with a descriptor whose contract follows from what its author gave', async () => {
    const asked: unknown[] = [];
    const action = (folder: string, { to }: { to: string }) => {
      asked.push(folder, to);
      return { ...started, expected_seconds: 100 };
    };
    const { code, envelope } = await runDeploy(go, { jobs: seeing({}), action });
    expect([code, asked]).toEqual([0, ['site', 'web-1']]);
    expect(envelope?.data).toEqual({
      ...started,
      terminal: false,
      status_command: 'deploy job status dep-1',
      cancel_command: 'deploy job cancel dep-1',
      expected_seconds: 100,
      poll_interval_ms: 10_000,
      timeout_ms: 520_000,
    });
    expect(envelope?.meta).toMatchObject({ command: 'release', tool_version: '2.1.0' });
  });
  it('prints what its author knows better: pace, time and how it is called', async () => {
    const action = () => ({ ...started, poll_interval_ms: 5, timeout_ms: 50 });
    const around = { script: '/src/deploy.ts' };
    const { envelope } = await runDeploy(go, { jobs: seeing({}), action, around });
    expect(envelope?.data).toMatchObject({
      poll_interval_ms: 5,
      timeout_ms: 50,
      status_command: '/opt/node /src/deploy.ts job status dep-1',
    });
  });
  it.each([
    ['nothing was started', () => startRejected({ code: 'NO_ROOM', message: 'It is full.' }), 4, 'NO_ROOM'],
    ['it failed at once', () => ({ ...started, status: 'failed' }), 4, 'JOB_FAILED'],
    ['its author threw', () => Promise.reject(new Error('boom')), 1, 'INTERNAL_ERROR'],
    ['its id cannot be printed', () => ({ ...started, job_id: 'a b' }), 1, 'INVALID_JOB'],
    ['its status is another word', () => ({ ...started, status: 'timed_out' }), 1, 'INVALID_JOB'],
  ])('fails when %s', async (_, action, exit, error) => {
    const { code, envelope } = await runDeploy(go, { jobs: seeing({}), action });
    expect([code, envelope?.error?.code]).toEqual([exit, error]);
  });
  it('warns of a descriptor that is not what --schema says, and still says how the job stands', async () => {
    const descriptor = jobDescriptor.extend({ result: z.object({ url: z.string() }).optional() });
    const jobs = seeing({ status: 'complete', result: { link: 1 } });
    const { code, envelope } = await runDeploy(['job', 'status', 'dep-1'], { jobs, descriptor });
    expect([code, envelope?.warnings]).toEqual([0, [expect.stringContaining('result.url')]]);
  });
  it('ends on SIGINT, whether its action listens or not', async () => {
    const signals = new EventEmitter();
    const action = () => {
      setImmediate(() => signals.emit('SIGINT'));
      return new Promise(() => {});
    };
    const { code, envelope } = await runDeploy(go, { jobs: seeing({}), action, around: { signals } });
    expect([code, envelope?.error?.code]).toEqual([130, 'CANCELLED']);
  });
  it('tells a person in text', async () => {
    const around = { terminal: { stdin: true, stdout: true, stderr: true } };
    const { text } = await runDeploy(go, { jobs: seeing({}), around });
    expect(text).toContain('deploy job status dep-1');
  });
  it.each([
    [['release', 'site'], 'INVALID_ARGUMENTS'],
    [['release', '--to', 'web-1'], 'INVALID_ARGUMENTS'],
    [[...go, '--output', 'yaml'], 'INVALID_ARGUMENTS'],
    [[...go, '--fast'], 'UNKNOWN_OPTION'],
  ])('rejects %j before anything runs', async (argv, error) => {
    const never = () => expect.unreachable('it ran');
    const { code, envelope } = await runDeploy(argv, { jobs: seeing({}), action: never });
    expect([code, envelope?.error?.code, envelope?.error?.phase]).toEqual([2, error, 'validation']);
  });
  it('has its contract in --schema, whatever else is missing', async () => {
    const { code, envelope } = await runDeploy(['release', '--schema'], { jobs: seeing({}) });
    expect(code).toBe(0);
    expect(envelope?.data).toMatchObject({
      async: true,
      input: { required: ['folder', 'to'] },
      job_descriptor_schema: { required: expect.arrayContaining(['job_id', 'terminal', 'cancel_command']) },
    });
  });
});

describe('the commands that its program gets', () => {
  it.each([
    [{}, 3, 'JOB_RUNNING'],
    [{ status: 'complete' }, 0, undefined],
    [{ status: 'failed' }, 4, 'JOB_FAILED'],
    [{ status: 'failed', reason: 'timed_out' }, 7, 'JOB_TIMED_OUT'],
    [{ status: 'cancelled' }, 4, 'JOB_CANCELLED'],
    [undefined, 5, 'JOB_NOT_FOUND'],
  ] as const)('job status of %j', async (job, exit, error) => {
    const { code, envelope } = await runDeploy(['job', 'status', 'dep-1'], { jobs: seeing(job) });
    expect([code, envelope?.error?.code]).toEqual([exit, error]);
    expect(envelope?.data === null).toBe(exit === 5);
  });
  it('job wait asks again at the pace of the job, until it is done', async () => {
    const clock = handClock();
    let looks = 0;
    const status = () =>
      ({ ...started, status: looks++ < 2 ? 'running' : 'complete', poll_interval_ms: 7000 }) as const;
    const jobs = ownJobs({ status, cancel: status });
    const { code } = await runDeploy(['job', 'wait', 'dep-1'], { jobs, around: { clock } });
    expect([code, looks, clock.slept]).toEqual([0, 3, [7000, 7000]]);
  });
  it('job cancel passes the wish on, and leaves what has ended alone', async () => {
    const running = await runDeploy(['job', 'cancel', 'dep-1'], { jobs: seeing({}) });
    expect([running.code, running.envelope?.meta['effect'], running.envelope?.data]).toEqual([
      0,
      'updated',
      expect.objectContaining({ phase: 'cancelling' }),
    ]);
    const ended = await runDeploy(['job', 'cancel', 'dep-1'], { jobs: seeing({ status: 'complete' }) });
    expect(ended.envelope?.meta['effect']).toBe('noop');
  });
  it.each([
    ['an id that cannot be one', ['job', 'status', '../x'], 5],
    ['another command', ['job', 'list'], 2],
    ['an endpoint, which its own functions have not', ['job', 'status', 'dep-1', '--endpoint', 'http://x'], 2],
  ])('rejects %s, and asks nobody', async (_, argv, exit) => {
    const never = () => expect.unreachable('asked');
    const { code } = await runDeploy(argv, { jobs: ownJobs({ status: never, cancel: never }) });
    expect(code).toBe(exit);
  });
});

describe('registering', () => {
  const { result: _, ...withoutResult } = jobDescriptor.shape;
  const { cancel_command: __, ...withoutCancel } = jobDescriptor.shape;
  const program = () => new Command('deploy');
  const jobs = seeing({});
  const register = (command: Command, { from = jobs, ...changes }: { from?: typeof jobs } & Record<string, unknown>) =>
    asyncCommand(command, from, { descriptor: jobDescriptor, action: () => started, ...changes });

  it('takes any schema that promises the contract', () => {
    expect(() => register(program().command('go'), { descriptor: z.object(withoutResult) })).not.toThrow();
  });
  it.each([
    ['without a descriptor schema', () => program().command('go'), { descriptor: undefined }, /no descriptor schema/],
    [
      'a schema without the contract',
      () => program().command('go'),
      { descriptor: z.object(withoutCancel) },
      /cancel_com/,
    ],
    ['a command of no program', () => new Command('go'), {}, /part of no program/],
    ['a program with a command "job"', () => program().command('job').parent?.command('go'), {}, /has a command "job"/],
    [
      'jobs in two places',
      () => register(program().command('go'), {}).parent?.command('on'),
      { from: seeing({}) },
      /two/,
    ],
  ])('rejects %s', (_case, command, changes, message) => {
    const trial = () => register(command() ?? program(), changes);
    expect(trial).toThrow(ConfigError);
    expect(trial).toThrow(message);
  });
});

describe('jobs that are handed over to untildone', () => {
  const request = { kind: 'http', connection: 'ci', handle: { status: { url: '/runs/42' } } };
  const action = () => ({ request, idempotency_key: 'release-42' });

  it('are its jobs, under the commands of the program', async () => {
    const server = await scriptedServer(({ method }) => ({ status: method === 'POST' ? 202 : 200, json: aJob() }));
    const jobs = untildoneJobs({ endpoint: server.url });
    const begun = await runDeploy(go, { jobs, action });
    expect([begun.code, begun.envelope?.data]).toEqual([
      0,
      expect.objectContaining({ job_id: jobId, status_command: `deploy job status ${jobId}` }),
    ]);
    expect(server.asked[0]).toMatchObject({ body: request, headers: { 'idempotency-key': 'release-42' } });
    const env = { UNTILDONE_ENDPOINT: server.url };
    const seen = await runDeploy(['job', 'status', jobId], { jobs: untildoneJobs(), action, env });
    expect([seen.code, seen.envelope?.error?.code]).toEqual([3, 'JOB_RUNNING']);
  });
  it.each([
    [422, 'START_REJECTED', 4],
    [409, 'CONFLICT', 6],
    [401, 'UNAUTHENTICATED', 8],
  ])('are refused with its exit code: %d %s', async (status, error, exit) => {
    const server = await scriptedServer(() => aProblem(status, error));
    const { code, envelope } = await runDeploy(go, { jobs: untildoneJobs({ endpoint: server.url }), action });
    expect([code, envelope?.error?.code]).toEqual([exit, error]);
  });
  it('fails without calling anybody where the endpoint is none', async () => {
    const never = () => expect.unreachable('it ran');
    const { code } = await runDeploy(go, { jobs: untildoneJobs({ endpoint: 'nowhere' }), action: never });
    expect(code).toBe(2);
  });
});
