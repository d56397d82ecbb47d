import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { handClock, run } from './support/run.ts';
import { deadEndpoint, type Reply, scriptedServer } from './support/scripted-server.ts';

/** A server that holds each answer back for as long as it is asked to, on the clock of the test. */
async function holdingServer(replies: (count: number, clock: ReturnType<typeof handClock>) => Reply | 'hold') {
  const clock = handClock();
  const server = await scriptedServer((asked, count) => {
    const reply = replies(count, clock);
    if (reply !== 'hold') return reply;
    clock.advance(Number(asked.query['wait_seconds'] ?? 0) * 1000);
    return { json: aJob() };
  });
  return { ...server, clock, holds: () => server.asked.map(({ query }) => query['wait_seconds']) };
}

describe('job wait', () => {
  it('looks once, then waits in holds of at most 25 seconds until the job is complete', async () => {
    const server = await holdingServer((count) => (count < 3 ? 'hold' : { json: aJob({ status: 'complete' }) }));
    const { code, envelope } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock });
    expect(code).toBe(0);
    expect(envelope.data).toMatchObject({ status: 'complete', status_command: `untildone job status ${jobId}` });
    expect(server.holds()).toEqual([undefined, '25', '25']);
    expect(server.clock.slept).toEqual([0, 0]);
  });

  it('ends with exit 3 and the descriptor when its window is over, after 100 seconds by default', async () => {
    const server = await holdingServer(() => 'hold');
    const { code, envelope } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock });
    expect(code).toBe(3);
    expect(envelope.data).toMatchObject({ status: 'running', terminal: false });
    expect(server.holds()).toEqual([undefined, '25', '25', '25', '25']);
    expect(envelope.meta.duration_ms).toBe(100_000);
  });

  it('looks once for a window of 0', async () => {
    const server = await holdingServer(() => 'hold');
    const { code, stderr } = await run(['job', 'wait', jobId, '--wait-seconds', '0'], {
      endpoint: server.url,
      clock: server.clock,
    });
    expect(code).toBe(3);
    expect(server.holds()).toEqual([undefined]);
    expect(stderr).toBe('');
  });

  it.each([
    ['failed', aJob({ status: 'failed', reason: 'upstream_failed' }), 4],
    ['timed out', aJob({ status: 'failed', reason: 'timed_out' }), 7],
    ['cancelled', aJob({ status: 'cancelled', reason: 'cancelled_upstream' }), 4],
    ['blocked, which needs a person', aJob({ phase: 'blocked' }), 3],
    ['failing', aJob({ phase: 'failing' }), 3],
  ])('returns early when the job is %s', async (_name, job, exit) => {
    const server = await holdingServer((count) => (count === 1 ? 'hold' : { json: job }));
    const { code } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock });
    expect(code).toBe(exit);
    expect(server.asked).toHaveLength(2);
  });

  it('paces itself by the poll interval when answers come at once, as for a failing job', async () => {
    const server = await holdingServer(() => ({ json: aJob({ phase: 'failing', poll_interval_ms: 20_000 }) }));
    const { code } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock });
    expect(code).toBe(3);
    expect(server.clock.slept).toEqual([0, 20_000, 20_000, 20_000, 20_000, 20_000]);
  });

  it.each(['blocked', 'failing'] as const)(
    'waits on when the job was %s before: only a change ends it',
    async (phase) => {
      const server = await holdingServer((_count, clock) => {
        clock.advance(25_000);
        return { json: aJob({ phase }) };
      });
      const { code } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock });
      expect([code, server.asked.length]).toEqual([3, 4]);
    },
  );

  it('writes a line to stderr at first and then each 10 seconds, and one document to stdout', async () => {
    const server = await holdingServer((count) => (count < 3 ? 'hold' : { json: aJob({ status: 'complete' }) }));
    const { stderr } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock });
    expect(stderr.split('\n')).toEqual([
      'running 60 % · polling · 12 checks · 0s of ~10m30s',
      'running 60 % · polling · 12 checks · 10s of ~10m30s',
      'running 60 % · polling · 12 checks · 20s of ~10m30s',
      '',
    ]);
  });

  it('draws one bar over itself on a terminal and clears it at the end', async () => {
    const server = await holdingServer((count) => (count < 3 ? 'hold' : { json: aJob({ status: 'complete' }) }));
    const terminal = { stdout: true, stderr: true };
    const { stdout, stderr } = await run(['job', 'wait', jobId], {
      endpoint: server.url,
      clock: server.clock,
      terminal,
    });
    expect(stderr).not.toContain('\n');
    expect(stderr).toContain('[##############----------] 60 % · polling · 12 checks · 3s · ~2s left');
    expect(stderr.endsWith('\r\u001b[2K')).toBe(true);
    expect(stdout).toContain('complete');
  });

  it.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }, { CI: 'true' }])('draws nothing over itself with %o', async (env) => {
    const server = await holdingServer((count) => (count < 2 ? 'hold' : { json: aJob({ status: 'complete' }) }));
    const terminal = { stdout: true, stderr: true };
    const { stderr } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock, terminal, env });
    expect(stderr).not.toContain('\u001b');
  });

  it('outlives an overloaded server and a broken answer, backing off', async () => {
    const troubles: Reply[] = [
      aProblem(503, 'UNAVAILABLE', { retryable: true }),
      { status: 502, text: '<html>Bad Gateway</html>' },
      { json: aJob(), cut: true },
      aProblem(429, 'TOO_MANY_ACTIVE_JOBS', { retryable: true, retry_after_ms: 7000 }),
    ];
    const server = await holdingServer((count) => troubles[count - 1] ?? { json: aJob({ status: 'complete' }) });
    const { code } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock });
    expect(code).toBe(0);
    expect(server.clock.slept).toEqual([1000, 2000, 4000, 8000]);
  });

  it('hands over the older state with a warning when the last looks failed', async () => {
    const server = await holdingServer((count) =>
      count === 1 ? 'hold' : aProblem(503, 'UNAVAILABLE', { retryable: true }),
    );
    const { code, envelope } = await run(['job', 'wait', jobId, '--wait-seconds', '40'], {
      endpoint: server.url,
      clock: server.clock,
    });
    expect(code).toBe(3);
    expect(envelope.data).toMatchObject({ status: 'running' });
    expect(envelope.warnings).toEqual([expect.stringContaining('an older state')]);
  });

  it('fails with exit 12 when nobody answered during the whole window', async () => {
    const clock = handClock();
    const { code, envelope } = await run(['job', 'wait', jobId, '--wait-seconds', '30'], {
      endpoint: await deadEndpoint(),
      clock,
    });
    expect(code).toBe(12);
    expect(envelope.error?.code).toBe('UNAVAILABLE');
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  });

  it.each([
    ['an unknown job', aProblem(404, 'JOB_NOT_FOUND'), 5],
    ['a refused token', aProblem(401, 'UNAUTHENTICATED'), 8],
    ['a forbidden job', aProblem(403, 'PERMISSION_DENIED'), 8],
  ])('rejects %s at once', async (_name, reply, exit) => {
    const server = await holdingServer(() => reply);
    const { code } = await run(['job', 'wait', jobId], { endpoint: server.url, clock: server.clock });
    expect(code).toBe(exit);
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends the wait, never the job, on %s and prints both commands', async (signal, exit) => {
    const signals = new EventEmitter();
    const clock = handClock();
    const server = await scriptedServer((_asked, count) => {
      if (count === 1) return { json: aJob() };
      setImmediate(() => signals.emit(signal));
      return { hang: true };
    });
    const { code, envelope, stderr } = await run(['job', 'wait', jobId], { endpoint: server.url, clock, signals });
    expect(code).toBe(exit);
    expect(envelope.error).toMatchObject({ code: 'CANCELLED', retryable: false });
    expect(envelope.data).toMatchObject({ job_id: jobId, terminal: false });
    expect(stderr).toContain(`untildone job status ${jobId}`);
    expect(stderr).toContain(`untildone job cancel ${jobId}`);
    expect(server.asked.every(({ method }) => method === 'GET')).toBe(true);
  });
});
