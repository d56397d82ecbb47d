import { describe, expect, it } from 'vitest';
import type { AsyncJob } from '../../lib/cli/async/async-job.ts';
import { ownJobs } from '../../lib/cli/async/own-jobs.ts';
import { untildoneJobs } from '../../lib/cli/async/untildone-jobs.ts';
import { go, runDeploy, seeing, started } from './support/deploy-program.ts';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { handClock } from './support/run.ts';
import { type Reply, scriptedServer } from './support/scripted-server.ts';

const long: AsyncJob = { ...started, status: 'complete', result: { text: 'x'.repeat(4000) } };

describe('the answer of a command that was made asynchronous', () => {
  it('stays under 2 KB, says where the rest is, and has it with --full', async () => {
    const jobs = seeing(long);
    const short = await runDeploy(go, { jobs, action: () => long });
    expect(Buffer.byteLength(short.text)).toBeLessThan(2048);
    expect(short.envelope).toMatchObject({
      data: { job_id: 'dep-1', result: null },
      meta: { left_out: ['result'], truncation_hint: 'All of it: deploy job status dep-1 --full' },
    });
    for (const argv of [
      [...go, '--full'],
      ['job', 'status', 'dep-1', '--full'],
    ])
      expect((await runDeploy(argv, { jobs, action: () => long })).envelope?.data).toMatchObject({
        result: long['result'],
      });
  });

  it('leaves an option of its author alone', async () => {
    const seen: unknown[] = [];
    const action = (_folder: string, options: object) => {
      seen.push(options);
      return long;
    };
    const before = (command: { option(flags: string, description: string): unknown }) =>
      void command.option('--full <how>', 'Release all of it');
    const { envelope } = await runDeploy([...go, '--full', 'twice'], { jobs: seeing(long), action, before });
    expect(seen).toEqual([expect.objectContaining({ full: 'twice' })]);
    expect(envelope?.data).toMatchObject({ result: null });
  });

  it.each([
    ['json', /^\{"ok":true/],
    ['jsonl', /^\{"ok":true/],
    ['text', /^dep-1\n/],
    ['plain', /^dep-1\n/],
  ])('is written as --output %s says', async (format, text) => {
    expect((await runDeploy([...go, '--output', format], { jobs: seeing({}) })).text).toMatch(text);
  });

  it('rejects rows with one document, and --schema does not offer them', async () => {
    const { code, envelope } = await runDeploy([...go, '--output', 'tsv'], { jobs: seeing({}) });
    expect([code, envelope?.error?.code]).toEqual([2, 'INVALID_ARGUMENTS']);
    for (const argv of [
      ['release', '--schema'],
      ['job', 'wait', '--schema'],
    ])
      expect((await runDeploy(argv, { jobs: seeing({}) })).envelope?.data).toMatchObject({
        input: { properties: { output: { enum: ['json', 'jsonl', 'text', 'plain'] }, full: { type: 'boolean' } } },
      });
  });
});

describe('job wait and job cancel of its program', () => {
  const ending = (ends: Record<string, AsyncJob['status'][]>) => {
    const status = (job_id: string): AsyncJob => {
      const left = ends[job_id] ?? [];
      return { ...started, job_id, status: (left.length > 1 ? left.shift() : left[0]) ?? 'running' };
    };
    return ownJobs({ status, cancel: status });
  };

  it('waits for the first of several, or for all of them', async () => {
    const both = () => ending({ a: ['running', 'running', 'running', 'complete'], b: ['running', 'failed'] });
    const wait = (...flags: string[]) =>
      runDeploy(['job', 'wait', 'a', 'b', ...flags], { jobs: both(), around: { clock: handClock() } });
    const any = await wait('--any', '--wait-seconds', '1000');
    expect([any.code, any.envelope?.data]).toEqual([4, expect.objectContaining({ changed: ['b'] })]);
    const all = await wait('--wait-seconds', '1000');
    expect([all.code, all.envelope?.data, all.envelope?.warnings]).toEqual([
      4,
      expect.objectContaining({ waited_for: 'all', changed: ['b', 'a'] }),
      [],
    ]);
  });

  it('writes a line for each change with --output jsonl, and the envelope as the last', async () => {
    const phases = ['building', 'blocked', 'building'];
    const status = (): AsyncJob => {
      const phase = phases.shift();
      return phase === undefined ? { ...started, status: 'complete' } : { ...started, phase };
    };
    const argv = ['job', 'wait', 'dep-1', '--output', 'jsonl', '--wait-seconds', '1000'];
    const jobs = ownJobs({ status, cancel: status });
    const { code, text } = await runDeploy(argv, { jobs, around: { clock: handClock() } });
    const lines = text.trimEnd().split('\n');
    expect([code, lines.length]).toEqual([0, 2]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ change: 'blocked', job_id: 'dep-1' });
  });

  it('rehearses a cancel without a word about its schema, and asks for no end', async () => {
    const jobs = ownJobs({ status: () => started, cancel: () => expect.unreachable('cancelled') });
    const { code, envelope } = await runDeploy(['job', 'cancel', 'dep-1', '--dry-run'], { jobs });
    expect([code, envelope?.data, envelope?.warnings]).toEqual([
      0,
      expect.objectContaining({ dry_run: true, would_cancel: true }),
      [],
    ]);
  });
});

describe('what its program advises', () => {
  const action = () => ({ request: { kind: 'http', connection: 'ci', handle: { status: { url: '/runs/42' } } } });

  it.each([
    ['a refused credential', aProblem(401, 'UNAUTHENTICATED')],
    ['a forbidden call', aProblem(403, 'PERMISSION_DENIED')],
    ['a wrong request', aProblem(400, 'INVALID_REQUEST')],
    ['an unknown job', aProblem(404, 'JOB_NOT_FOUND')],
    ['a key of another request', aProblem(422, 'IDEMPOTENCY_KEY_REUSED')],
    ['a fault of the server', aProblem(500, 'INTERNAL_ERROR')],
    ['another server', { status: 200, json: {} }],
  ] satisfies [string, Reply][])('names only commands that it has, after %s', async (_, reply) => {
    const server = await scriptedServer(() => reply);
    const jobs = untildoneJobs({ endpoint: server.url });
    for (const argv of [go, ['job', 'status', jobId], ['job', 'wait', jobId, '--wait-seconds', '0']]) {
      const { envelope } = await runDeploy(argv, { jobs, action });
      expect(envelope?.error).not.toBeNull();
      expect(envelope?.error?.fix_command ?? 'deploy job ').toMatch(/^deploy job (status|wait|cancel)? ?/);
      expect(envelope?.error?.suggestion).toMatch(/\.$/);
    }
  });

  it('says what it calls with --debug, where it calls anybody, and never the credential', async () => {
    const server = await scriptedServer(() => ({ status: 202, json: aJob() }));
    const env = { UNTILDONE_TOKEN: 'secret-token' };
    const jobs = untildoneJobs({ endpoint: server.url });
    const { errors } = await runDeploy([...go, '--debug'], { jobs, action, env });
    expect(errors).toMatch(/^debug: POST .*\/v1\/jobs \(authorization redacted\): 202/);
    expect(errors).not.toContain('secret-token');
    expect((await runDeploy([...go, '--debug'], { jobs: seeing({}) })).code).toBe(2);
  });

  it('tells a repeat by its key', async () => {
    const server = await scriptedServer(() => ({
      status: 202,
      json: aJob(),
      headers: { 'idempotency-replayed': 'true' },
    }));
    const { envelope } = await runDeploy(go, { jobs: untildoneJobs({ endpoint: server.url }), action });
    expect([envelope?.data, envelope?.meta]).toEqual([
      expect.objectContaining({ effect: 'noop' }),
      expect.objectContaining({ idempotency_hit: true }),
    ]);
  });
});
