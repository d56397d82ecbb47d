import { EventEmitter } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { run } from './support/run.ts';
import { deadEndpoint, scriptedServer } from './support/scripted-server.ts';

const start = ['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '{"start":{"url":"/runs"}}'];
const accepting = (status = 202) => scriptedServer(() => ({ status, json: aJob() }));

describe('job start and job adopt', () => {
  it('posts what the options say, with a random key, and hands over the descriptor', async () => {
    const server = await accepting();
    const { code, envelope } = await run(
      [
        ...start,
        ...['--name', 'checkout', '--expected-seconds', '60', '--timeout-seconds', '600'],
        ...[
          '--cancel-on-timeout',
          '--first-check',
          'later',
          '--acceptors',
          '[{"state":"success"}]',
          '--paths',
          '{"message":"m"}',
        ],
        ...['--label', 'team=perf', '--label', 'q=a=b', '--target', 'ops', '--target', 'mail'],
      ],
      { endpoint: server.url },
    );
    expect(code).toBe(0);
    expect(envelope.data).toMatchObject({
      job_id: jobId,
      terminal: false,
      status_command: `untildone job status ${jobId}`,
    });
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/v1/jobs' });
    expect(server.asked[0]?.body).toEqual({
      kind: 'http',
      connection: 'ci',
      input: { start: { url: '/runs' } },
      name: 'checkout',
      expected_seconds: 60,
      timeout_seconds: 600,
      cancel_on_timeout: true,
      first_check: 'later',
      acceptors: [{ state: 'success' }],
      paths: { message: 'm' },
      labels: { team: 'perf', q: 'a=b' },
      announce: { targets: ['ops', 'mail'] },
    });
    const key = server.asked[0]?.headers['idempotency-key'];
    expect(key).toMatch(/^[0-9a-f-]{36}$/);
    expect(envelope.meta['idempotency_key']).toBe(key);
  });

  it('sends the key it was given, and another random one each time otherwise', async () => {
    const server = await accepting();
    await run([...start, '--idempotency-key', 'build-42'], { endpoint: server.url });
    await run(start, { endpoint: server.url });
    await run(start, { endpoint: server.url });
    const keys = server.asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toBe('build-42');
    expect(new Set(keys).size).toBe(3);
  });

  it('adopts a job by its handle', async () => {
    const server = await accepting(200);
    const argv = [
      'job',
      'adopt',
      '--kind',
      'octoperf-pdf-export',
      '--connection',
      'ci',
      '--handle',
      '{"taskId":"t-1"}',
    ];
    const { code } = await run(argv, { endpoint: server.url });
    expect(code).toBe(0);
    expect(server.asked[0]?.body).toEqual({ kind: 'octoperf-pdf-export', connection: 'ci', handle: { taskId: 't-1' } });
  });

  it('reads JSON from a file and from stdin', async () => {
    const server = await accepting();
    const file = join(tmpdir(), `untildone-cli-${process.pid}.json`);
    await writeFile(file, '{"kind":"http","input":{"from":"file"}}');
    await run(['job', 'start', '--request', `@${file}`], { endpoint: server.url });
    await run(['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '-'], {
      endpoint: server.url,
      stdin: '{"from":"stdin"}',
    });
    expect(server.asked.map(({ body }) => body)).toEqual([
      { kind: 'http', input: { from: 'file' } },
      { kind: 'http', connection: 'ci', input: { from: 'stdin' } },
    ]);
  });

  it('rejects a start that the remote side refused with exit 4 and the job', async () => {
    const job = aJob({ status: 'failed', reason: 'start_rejected', message: 'no such plan' });
    const server = await scriptedServer(() => aProblem(422, 'START_REJECTED', { detail: 'no such plan', job }));
    const { code, envelope } = await run(start, { endpoint: server.url });
    expect(code).toBe(4);
    expect(envelope.error).toMatchObject({ code: 'START_REJECTED', message: 'no such plan', retryable: false });
    expect(envelope.data).toMatchObject({ job_id: jobId, status_command: `untildone job status ${jobId}` });
  });

  it('rejects with exit 4 and null data when the refusal names no job', async () => {
    const server = await scriptedServer(() => aProblem(422, 'START_REJECTED', { job: 'nonsense' }));
    const { code, envelope } = await run(start, { endpoint: server.url });
    expect([code, envelope.data]).toEqual([4, null]);
  });

  it('fails with exit 4 when the job came back failed, timed out or not', async () => {
    for (const reason of ['start_unknown', 'timed_out'] as const) {
      const server = await scriptedServer(() => ({ json: aJob({ status: 'failed', reason }) }));
      const { code, envelope } = await run(start, { endpoint: server.url });
      expect(code).toBe(4);
      expect(envelope.data).toMatchObject({ reason });
    }
  });

  it('accepts an adopted job that has failed already: the hand-over itself worked', async () => {
    const server = await scriptedServer(() => ({ json: aJob({ status: 'failed', reason: 'upstream_failed' }) }));
    const { code, envelope } = await run(['job', 'adopt', '--kind', 'http', '--connection', 'ci', '--handle', '{}'], {
      endpoint: server.url,
    });
    expect(code).toBe(0);
    expect(envelope.data).toMatchObject({ terminal: true, status: 'failed' });
  });

  it('tells how to find the job when no answer came, and that repeating blindly is not safe', async () => {
    const server = await scriptedServer(() => ({ hang: true }));
    const { code, envelope } = await run([...start, '--timeout', '0.05'], { endpoint: server.url });
    expect(code).toBe(10);
    expect(envelope.error).toMatchObject({ code: 'TIMEOUT', retryable: false });
    expect(envelope.error?.suggestion).toContain(`--idempotency-key ${server.asked[0]?.headers['idempotency-key']}`);
  });

  it('says that a repeat is safe with a key of the caller, or when the server was never reached', async () => {
    const server = await scriptedServer(() => ({ json: aJob(), cut: true }));
    const keyed = await run([...start, '--idempotency-key', 'k'], { endpoint: server.url });
    expect([keyed.code, keyed.envelope.error?.retryable]).toEqual([12, true]);
    const dead = await run(start, { endpoint: await deadEndpoint() });
    expect([dead.code, dead.envelope.error?.retryable]).toEqual([12, true]);
  });

  it('ends with exit 130 on Ctrl-C and names the key that finds the job', async () => {
    const signals = new EventEmitter();
    const server = await scriptedServer(() => {
      setImmediate(() => signals.emit('SIGINT'));
      return { hang: true };
    });
    const { code, envelope } = await run([...start], { endpoint: server.url, signals });
    expect(code).toBe(130);
    expect(envelope.error?.suggestion).toContain('--idempotency-key');
  });
});
