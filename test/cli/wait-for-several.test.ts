import { describe, expect, it } from 'vitest';
import type { JobDescriptor } from '../../lib/core/descriptor.ts';
import { aJob, aProblem } from './support/jobs.ts';
import { handClock, run } from './support/run.ts';
import { type Reply, scriptedServer } from './support/scripted-server.ts';

const idOf = (letter: string): string => `job_${letter.repeat(26)}`;
const [a, b, c] = [idOf('a'), idOf('b'), idOf('c')];
type Change = Partial<JobDescriptor>;
const running: Change = {};
const complete: Change = { status: 'complete' };
const failed: Change = { status: 'failed', reason: 'upstream_failed', next_step: 'Read the log of node 3.' };
const timedOut: Change = { status: 'failed', reason: 'timed_out' };
const cancelled: Change = { status: 'cancelled', reason: 'cancelled_by_caller' };
const blocked: Change = { phase: 'blocked' };

/** Each job goes through its states, one a look; the last one stays. Looks that change nothing take what they were held for. */
async function jobsServer(states: Record<string, (Change | Reply)[]>) {
  const clock = handClock();
  const looks = new Map<string, number>();
  const server = await scriptedServer(({ path, query }) => {
    const id = path.split('/').at(-1) ?? '';
    const script = states[id] ?? [aProblem(404, 'JOB_NOT_FOUND')];
    const look = looks.get(id) ?? 0;
    looks.set(id, look + 1);
    const state = script[Math.min(look, script.length - 1)] ?? running;
    if ('status' in state && typeof state.status === 'number') return state as Reply;
    if (look >= script.length) clock.advance(Number(query['wait_seconds'] ?? 0) * 1000);
    return { json: aJob({ job_id: id, ...(state as Change) }) };
  });
  return { ...server, clock };
}
const waitFor = async (states: Record<string, (Change | Reply)[]>, ...argv: string[]) => {
  const server = await jobsServer(states);
  return run(['job', 'wait', ...argv], { endpoint: server.url, clock: server.clock });
};

describe('job wait for several jobs', () => {
  it.each([
    ['all complete', [complete, complete], 0, undefined],
    ['one failed', [complete, failed], 4, 'JOB_FAILED'],
    ['one cancelled', [complete, cancelled], 4, 'JOB_CANCELLED'],
    ['one timed out', [complete, timedOut], 7, 'JOB_TIMED_OUT'],
    ['one failed and one timed out', [timedOut, failed], 4, 'JOB_FAILED'],
  ])('--all waits for the end of each: %s', async (_name, [first = {}, second = {}], exit, code) => {
    const { code: exited, envelope } = await waitFor({ [a]: [running, first], [b]: [running, running, second] }, a, b);
    expect([exited, envelope.error?.code]).toEqual([exit, code]);
    expect(envelope.data).toMatchObject({ waited_for: 'all', changed: [a, b], jobs: [{ job_id: a }, { job_id: b }] });
  });

  it('--all ends when what still runs is blocked, which no waiting ends', async () => {
    const { code, envelope } = await waitFor({ [a]: [running, complete], [b]: [running, blocked] }, a, b, '--all');
    expect(code).toBe(3);
    expect(envelope.error?.message).toBe(`1 of 2 jobs have ended; blocked: ${b}.`);
  });

  it.each([
    ['a job that ends', complete, 0],
    ['a job that fails', failed, 4],
    ['a job that becomes blocked', blocked, 3],
    ['a job that becomes failing', { phase: 'failing' } as const, 3],
  ])('--any returns for %s', async (_name, change, exit) => {
    const { code, envelope } = await waitFor({ [a]: [running], [b]: [running, running, change] }, a, b, '--any');
    expect(code).toBe(exit);
    expect(envelope.data).toMatchObject({ waited_for: 'any', changed: [b] });
  });

  it('--any does not return for what was blocked before, or merely moves on', async () => {
    const moving = [10, 20, 30].map((progress_pct): Change => ({ progress_pct }));
    const { code, envelope } = await waitFor({ [a]: [blocked], [b]: moving }, a, b, '--any', '--wait-seconds', '60');
    expect(code).toBe(3);
    expect(envelope.data).toMatchObject({ changed: [] });
    expect(envelope.meta.duration_ms).toBeGreaterThanOrEqual(59_000);
  });

  it('fails at once when one of them is unknown, and says which', async () => {
    const { code, envelope } = await waitFor({ [a]: [running] }, a, c, '--all');
    expect([code, envelope.data, envelope.error?.code]).toEqual([5, null, 'JOB_NOT_FOUND']);
    expect(envelope.error?.message).toContain(c);
  });

  it('takes the same id twice for one job, whose descriptor is the data', async () => {
    const { code, envelope } = await waitFor({ [a]: [complete] }, a, a);
    expect(code).toBe(0);
    expect(envelope.data).toMatchObject({ job_id: a, status: 'complete' });
  });

  it('outlives trouble that passes', async () => {
    const trouble = aProblem(503, 'UNAVAILABLE', { retryable: true });
    const { code } = await waitFor({ [a]: [trouble, trouble, complete], [b]: [complete] }, a, b);
    expect(code).toBe(0);
  });

  it('stays under 2 KB for twenty jobs', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => idOf(String.fromCharCode(97 + index)));
    const { code, stdout, envelope } = await waitFor(Object.fromEntries(ids.map((id) => [id, [complete]])), ...ids);
    expect(code).toBe(0);
    expect(stdout.length).toBeLessThan(2048);
    expect(envelope.data).toMatchObject({ jobs: ids.map((job_id) => ({ job_id, status: 'complete' })) });
  });

  it('rejects --any beside --all, and more ids than twenty', async () => {
    expect((await run(['job', 'wait', a, b, '--any', '--all'])).code).toBe(2);
    expect((await run(['job', 'wait', ...Array.from({ length: 21 }, () => a)])).code).toBe(2);
  });
});

const linesOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('job wait --output jsonl', () => {
  it('writes a line for each change on the way, and the envelope as the last', async () => {
    const states = { [a]: [running, { phase: 'unreachable' as const }, blocked, blocked, running, complete] };
    const { code, stdout, stderr } = await waitFor(states, a, '--output', 'jsonl', '--wait-seconds', '600');
    expect(code).toBe(0);
    expect(linesOf(stdout)).toEqual([
      expect.objectContaining({ change: 'blocked', job_id: a, status: 'running', terminal: false }),
      expect.objectContaining({ ok: true, data: expect.objectContaining({ status: 'complete' }) }),
    ]);
    expect(stderr).toBe('');
  });

  it('writes the end of each of several jobs once', async () => {
    const states = { [a]: [running, complete], [b]: [running, running, running, failed] };
    const { code, stdout } = await waitFor(states, a, b, '--output=jsonl');
    expect(code).toBe(4);
    expect(linesOf(stdout).map((line) => line['change'] ?? line['ok'])).toEqual(['complete', false]);
  });

  it('writes heartbeats to stdout only for who asks for them', async () => {
    const states = { [a]: [running, running, running] };
    const argv = [a, '--output', 'jsonl', '--wait-seconds', '50'];
    expect(linesOf((await waitFor(states, ...argv)).stdout)).toHaveLength(1);
    const asked = linesOf((await waitFor(states, ...argv, '--heartbeat-ms', '10000')).stdout);
    expect(asked[0]).toEqual({ status: 'running', heartbeat: true, elapsed_ms: 10_000 });
  });

  it('says nothing on stderr with --heartbeat-ms 0 or --quiet', async () => {
    for (const flags of [['--heartbeat-ms', '0'], ['--quiet']])
      expect((await waitFor({ [a]: [running] }, a, ...flags, '--wait-seconds', '50')).stderr).toBe('');
  });
});
