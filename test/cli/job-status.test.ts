import { describe, expect, it } from 'vitest';
import type { JobDescriptor } from '../../lib/core/descriptor.ts';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { run } from './support/run.ts';
import { scriptedServer } from './support/scripted-server.ts';

const cases: [name: string, job: JobDescriptor, exit: number, code: string | null][] = [
  ['running', aJob(), 3, 'JOB_RUNNING'],
  ['blocked', aJob({ phase: 'blocked' }), 3, 'JOB_RUNNING'],
  ['complete', aJob({ status: 'complete', result: { p95: 120 } }), 0, null],
  ['failed', aJob({ status: 'failed', reason: 'upstream_failed', message: 'boom' }), 4, 'JOB_FAILED'],
  ['unreachable', aJob({ status: 'failed', reason: 'unreachable' }), 4, 'JOB_FAILED'],
  ['timed out', aJob({ status: 'failed', reason: 'timed_out' }), 7, 'JOB_TIMED_OUT'],
  ['cancelled', aJob({ status: 'cancelled', reason: 'cancelled_by_caller' }), 4, 'JOB_CANCELLED'],
];

describe('job status', () => {
  it.each(cases)('says how a job stands: %s', async (_name, job, exit, code) => {
    const server = await scriptedServer(() => ({ json: job }));
    const { code: exited, envelope } = await run(['job', 'status', jobId], { endpoint: server.url });
    expect(exited).toBe(exit);
    expect(envelope.error?.code ?? null).toBe(code);
    expect(envelope.data).toMatchObject({
      job_id: jobId,
      status: job.status,
      terminal: job.terminal,
      reason: job.reason,
    });
    expect(server.asked.map(({ method, path, query }) => ({ method, path, query }))).toEqual([
      { method: 'GET', path: `/v1/jobs/${jobId}`, query: {} },
    ]);
  });

  it('tells a running job when to ask again', async () => {
    const server = await scriptedServer(() => ({ json: aJob() }));
    const { envelope } = await run(['job', 'status', jobId], { endpoint: server.url });
    expect(envelope.error).toMatchObject({ retryable: true, retry_after_ms: 6000 });
  });

  it('quotes the remote words and the next step of a failure, and never says that it can be retried', async () => {
    const job = aJob({
      status: 'failed',
      reason: 'upstream_failed',
      message: 'assertion 3 failed',
      next_step: 'Read the report.',
    });
    const server = await scriptedServer(() => ({ json: job }));
    const { envelope } = await run(['job', 'status', jobId], { endpoint: server.url });
    expect(envelope.error).toMatchObject({
      retryable: false,
      detail: 'assertion 3 failed',
      suggestion: 'Read the report.',
    });
  });

  it('prints commands as this CLI was invoked, whatever the server puts before them', async () => {
    const server = await scriptedServer(() => ({ json: aJob() }));
    const plain = await run(['job', 'status', jobId], { endpoint: server.url });
    expect(plain.envelope.data).toMatchObject({
      status_command: `untildone job status ${jobId}`,
      cancel_command: `untildone job cancel ${jobId}`,
    });
    const env = { npm_command: 'exec', npm_lifecycle_event: 'npx', npm_lifecycle_script: "'untildone'" };
    const npx = await run(['job', 'status', jobId], { endpoint: server.url, env });
    expect(npx.envelope.data).toMatchObject({ status_command: `npx --no-install untildone job status ${jobId}` });
  });

  it('rejects an unknown id with exit 5 and null data', async () => {
    const server = await scriptedServer(() => aProblem(404, 'JOB_NOT_FOUND'));
    const { code, envelope } = await run(['job', 'status', jobId], { endpoint: server.url });
    expect(code).toBe(5);
    expect(envelope.data).toBeNull();
    expect(envelope.error).toMatchObject({ code: 'JOB_NOT_FOUND', fix_command: 'untildone job list' });
    expect(envelope.meta.request_id).toBe('req_server');
  });

  it.each(['job_1', 'x', `${jobId}?`, `../${jobId}`, `job_${'A'.repeat(26)}`, `${jobId} `])(
    'rejects the malformed id "%s" without asking anybody',
    async (id) => {
      const server = await scriptedServer(() => ({ json: aJob() }));
      const { code, envelope } = await run(['job', 'status', id], { endpoint: server.url });
      expect(code).toBe(5);
      expect(envelope.data).toBeNull();
      expect(server.asked).toEqual([]);
    },
  );

  it('rejects with exit 8, not 7, when the credential may not see the job', async () => {
    const server = await scriptedServer(() => aProblem(403, 'PERMISSION_DENIED'));
    const { code, envelope } = await run(['job', 'status', jobId], { endpoint: server.url });
    expect(code).toBe(8);
    expect(envelope.error?.code).toBe('PERMISSION_DENIED');
  });

  it('sends the token and a request id', async () => {
    const server = await scriptedServer(() => ({ json: aJob() }));
    const env = { UNTILDONE_TOKEN: 's3cret' };
    const { stdout, envelope } = await run(['job', 'status', jobId], { endpoint: server.url, env });
    expect(server.asked[0]?.headers).toMatchObject({
      authorization: 'Bearer s3cret',
      'x-request-id': envelope.meta.request_id,
    });
    expect(stdout).not.toContain('s3cret');
  });

  it('shows a person the job and how to go on, without control characters of the remote side', async () => {
    const server = await scriptedServer(() => ({ json: aJob({ message: 'red \u001b[31malert\u0007' }) }));
    const { code, stdout, stderr } = await run(['job', 'status', jobId], {
      endpoint: server.url,
      terminal: { stdout: true },
    });
    expect(code).toBe(3);
    expect(stdout).toContain('running 60 % · polling · 12 checks');
    expect(stdout).toContain(`untildone job status ${jobId}`);
    expect(stdout).toContain('red  [31malert');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stdout + stderr).not.toMatch(/[\u001b\u0007]/);
  });
});
