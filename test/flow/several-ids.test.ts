import { describe, expect, it } from 'vitest';
import { octoperfBodies as bodies, octoperfWorld } from '../support/octoperf-world.ts';
import { answers, fails } from '../support/world.ts';
import { expectAllOver, expectZeroRow } from '../support/zero-row.ts';

/** A run of `count` bench results that is watched since the beginning. */
async function watched(count: number, rest: object = {}) {
  const { one, remote } = octoperfWorld();
  const ids = Array.from({ length: count }, () => remote.begin('s-1').id);
  remote.become('RUNNING');
  const { job_id } = await one.start(bodies.adoptedScenario(ids, { expected_seconds: 100, ...rest }));
  return { one, remote, ids, job_id, job: () => one.job(job_id) };
}
const asked = (remote: { calls: { tool: string; args: Record<string, unknown> }[] }, id: string): number =>
  remote.calls.filter(({ tool, args }) => tool === 'get_bench_result' && args['benchResultId'] === id).length;

describe('a job of several ids', () => {
  it('is done when all of them are, and asks none that is over again', async () => {
    const { one, remote, job } = await watched(3);
    expect(job().state).toMatchObject({ upstream_state: 'RUNNING', status: 'running' });
    remote.become('FINISHED', 'br-1', 'br-3');
    await one.advance(30);
    expect(job().state).toMatchObject({ upstream_state: 'FINISHED, RUNNING', status: 'running', phase: 'polling' });
    const [first, second] = [asked(remote, 'br-1'), asked(remote, 'br-2')];
    await one.advance(60);
    expect(asked(remote, 'br-1')).toBe(first);
    expect(asked(remote, 'br-2')).toBeGreaterThan(second);
    remote.become('FINISHED');
    await one.advance(30);
    expect(job().state).toMatchObject({ status: 'complete', reason: null, upstream_state: 'FINISHED' });
    expect(one.told()).toEqual(['job.settled']);
    expectAllOver(one);
  });

  it('is going to fail from the first that failed, which is told once, and has failed when all are over', async () => {
    const { one, remote, job } = await watched(2);
    remote.become('ERROR', 'br-1');
    await one.advance(30);
    expect(job().state).toMatchObject({ status: 'running', phase: 'failing', upstream_state: 'ERROR, RUNNING' });
    await one.advance(60);
    remote.become('FINISHED', 'br-2');
    await one.advance(30);
    expect(job().state).toMatchObject({ status: 'failed', reason: 'upstream_failed' });
    expect(one.told()).toEqual(['job.failing', 'job.settled']);
    expectAllOver(one);
  });

  it('lists each in its descriptor', async () => {
    const { one, remote, job_id } = await watched(2);
    remote.become('ABORTED', 'br-2');
    await one.advance(30);
    const { observed, handle } = await one.read(job_id);
    expect(handle).toEqual({ benchResultIds: ['br-1', 'br-2'] });
    expect(observed.value).toMatchObject({
      benchResultIds: [
        { id: 'br-1', status: 'running', upstream_state: 'RUNNING', value: { scenarioId: 's-1' } },
        { id: 'br-2', status: 'failed', upstream_state: 'ABORTED' },
      ],
    });
  });

  it('writes nothing while none of them moves', async () => {
    const { one } = await watched(3);
    await one.advance(60);
    const saves = one.witnessed.calls.filter((name) => name === 'jobs.save').length;
    await one.advance(60);
    // Progress alone: it is asked for at every other check, and stands still.
    expect(one.witnessed.calls.filter((name) => name === 'jobs.save').length).toBe(saves);
    expectZeroRow(one);
  });

  it('is lost sight of when one of them is, and the others take their turn meanwhile', async () => {
    const { one, remote, job } = await watched(3);
    const tool = one.remote.tool;
    one.remote.tool = (call) =>
      call.tool === 'get_bench_result' && call.arguments?.['benchResultId'] === 'br-1' ? fails('timeout') : tool(call);
    remote.become('FINISHED', 'br-2', 'br-3');
    await one.advance(20);
    expect(job().seen.each?.map(({ status }) => status)).toEqual(['running', 'complete', 'complete']);
    expect(job().state.last_error).toContain('br-1: timeout');
    await one.advance(300);
    expect(job().state).toMatchObject({ status: 'running', phase: 'unreachable' });
    expect(one.told()).toContain('job.unreachable');
    expectZeroRow(one);
  });

  it('asks a remote system that is down for one of them a check, not for all', async () => {
    const { one, job } = await watched(5);
    let calls = 0;
    one.remote.tool = () => {
      calls += 1;
      return fails('connection_refused');
    };
    const { checks } = job().state;
    await one.advance(60);
    expect(calls).toBe(job().state.checks - checks);
    expectZeroRow(one);
  });

  it('keeps what was seen before our own rate budget held the rest back', async () => {
    const { one, remote, job } = await watched(2);
    remote.become('FINISHED', 'br-1');
    const tool = one.remote.tool;
    let held = true;
    one.remote.tool = (call) =>
      held && call.arguments?.['benchResultId'] === 'br-2'
        ? fails('rate_limited', { sent: false, postponed: true, retry_after_seconds: 5 })
        : tool(call);
    await one.advance(20);
    expect(job().seen.each?.[0]?.status).toBe('complete');
    const calls = asked(remote, 'br-1');
    held = false;
    remote.become('FINISHED');
    await one.advance(30);
    expect(job().state.status).toBe('complete');
    expect(asked(remote, 'br-1')).toBe(calls);
    expectAllOver(one);
  });

  it('looks at as many as there is time for, and at the others next', async () => {
    const { one, remote, job } = await watched(6, { first_check: 'later' });
    one.remote.seconds = () => 6;
    await one.advance(40);
    const first = new Set(remote.calls.flatMap(({ args }) => String(args['benchResultId'])));
    expect(first.size).toBeLessThan(6);
    await one.advance(200);
    const later = new Set(remote.calls.flatMap(({ args }) => String(args['benchResultId'])));
    expect(later.size).toBe(6);
    expect(job().state.consecutive_errors).toBe(0);
    expectZeroRow(one);
  });

  it('fails to be adopted when one of its ids is not known, and leaves nothing behind', async () => {
    const { one, remote } = octoperfWorld();
    const { id } = remote.begin('s-1');
    const tool = one.remote.tool;
    one.remote.tool = (call) =>
      call.arguments?.['benchResultId'] === 'other' ? answers({}, { http_status: 404 }) : tool(call);
    await expect(one.start(bodies.adoptedScenario([id, 'other'], { expected_seconds: 60 }))).rejects.toMatchObject({
      code: 'FIRST_CHECK_FAILED',
      message: expect.stringContaining('other: '),
    });
    expect(one.jobs.size).toBe(0);
  });

  it('takes no answer about another job for its own', async () => {
    const { one, remote, job } = await watched(2);
    const tool = one.remote.tool;
    one.remote.tool = (call) =>
      call.tool === 'get_bench_result' ? answers({ id: 'br-1', state: 'FINISHED' }) : tool(call);
    await one.advance(60);
    expect(job().state.status).toBe('running');
    expect(job().state.last_error).toContain('br-2: the answer is about "br-1"');
    one.remote.tool = tool;
    remote.become('FINISHED');
    await one.advance(90);
    expect(job().state.status).toBe('complete');
    expectAllOver(one);
  });
});

describe('the progress of several ids', () => {
  const progressCalls = (remote: { calls: { tool: string }[] }): string =>
    remote.calls.map(({ tool }) => (tool === 'get_bench_status' ? 'p' : 's')).join('');

  it('is asked at every other check, after each state, and shown as their mean', async () => {
    const { one, remote, job } = await watched(2);
    expect(progressCalls(remote)).toBe('spsp');
    for (const [position, result] of [...remote.results.values()].entries()) result.progress = 20 + 20 * position;
    await one.advance(3);
    expect(progressCalls(remote)).toBe('spspss');
    expect(job().state.progress_pct).toBe(0);
    await one.advance(6);
    expect(progressCalls(remote)).toBe('spspssspsp');
    expect(job().state.progress_pct).toBe(30);
  });

  it('never ends a job, stuck or at its end, and is not asked of one that is over', async () => {
    const { one, remote, job } = await watched(2);
    for (const result of remote.results.values()) result.progress = 100;
    remote.become('FINISHED', 'br-1');
    await one.advance(120);
    expect(job().state).toMatchObject({ status: 'running', progress_pct: 99 });
    const before = remote.calls.filter(
      ({ tool, args }) => tool === 'get_bench_status' && args['benchResultId'] === 'br-1',
    );
    expect(before).toHaveLength(1);
    remote.become('FINISHED');
    await one.advance(30);
    expect(job().state).toMatchObject({ status: 'complete', progress_pct: 100 });
    expectAllOver(one);
  });
});

describe('cancelling a job of several ids', () => {
  it('stops each that is not over, once, and looks until all are', async () => {
    const { one, remote, job, job_id } = await watched(3);
    remote.become('FINISHED', 'br-1');
    await one.advance(30);
    await one.cancel(job_id);
    await one.advance(30);
    const stopped = remote.calls.flatMap(({ tool, args }) =>
      tool === 'stop_bench_result' ? [args['benchResultId']] : [],
    );
    expect(stopped).toEqual(['br-2', 'br-3']);
    expect(job().state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expectAllOver(one);
  });

  it('goes on until ABORTED is seen', async () => {
    const { one, remote, job, job_id } = await watched(1);
    const tool = one.remote.tool;
    one.remote.tool = (call) => (call.tool === 'stop_bench_result' ? answers({ ok: true }) : tool(call));
    await one.cancel(job_id);
    await one.advance(60);
    expect(job().state).toMatchObject({ status: 'running', phase: 'cancelling', cancel_outcome: 'accepted' });
    remote.become('ABORTED');
    await one.advance(10);
    expect(job().state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expectAllOver(one);
  });

  it('says which of them would not be stopped', async () => {
    const { one, job, job_id } = await watched(2);
    const tool = one.remote.tool;
    one.remote.tool = (call) =>
      call.tool === 'stop_bench_result' && call.arguments?.['benchResultId'] === 'br-2'
        ? answers('no', { error: { type: 'tool_error', message: 'not yours' } })
        : tool(call);
    await one.cancel(job_id);
    await one.advance(10);
    expect(job().state).toMatchObject({ status: 'running', phase: 'cancelling', cancel_outcome: 'accepted' });
    expect(job().state.warnings).toContainEqual(
      'the remote system declined part of the cancel (br-2: not yours); the job is still watched',
    );
    expectZeroRow(one);
  });

  it('is declined when all of them say no, and the job is watched on', async () => {
    const { one, remote, job, job_id } = await watched(2);
    remote.refuse['stop_bench_result'] = 'not yours';
    await one.cancel(job_id);
    await one.advance(10);
    expect(job().state).toMatchObject({ status: 'running', phase: 'polling', cancel_outcome: 'declined' });
    expectZeroRow(one);
  });

  it('asks again for all that still run when one could not be asked', async () => {
    const { one, remote, job, job_id } = await watched(2);
    const tool = one.remote.tool;
    let lost = true;
    one.remote.tool = (call) =>
      lost && call.tool === 'stop_bench_result' && call.arguments?.['benchResultId'] === 'br-2'
        ? fails('timeout')
        : tool(call);
    await one.cancel(job_id);
    await one.advance(1);
    expect(job().state.cancel_outcome).toBeNull();
    lost = false;
    await one.advance(30);
    expect(job().state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expect(
      remote.calls.filter(({ tool: name, args }) => name === 'stop_bench_result' && args['benchResultId'] === 'br-1'),
    ).toHaveLength(1);
    expectAllOver(one);
  });

  it('leaves the look its time: ids there was no time for are asked at the next check', async () => {
    const { one, remote, job, job_id } = await watched(6);
    one.remote.seconds = () => 5;
    await one.cancel(job_id);
    const looks = remote.count('get_bench_result');
    await one.advance(24);
    expect([remote.count('stop_bench_result'), remote.count('get_bench_result') - looks]).toEqual([3, 2]);
    await one.advance(2);
    expect(job().state).toMatchObject({ cancel_outcome: null, consecutive_errors: 0 });
    one.remote.seconds = () => 0;
    await one.advance(120);
    expect(job().state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expectAllOver(one);
  });

  it('at the deadline leaves alone what the last look saw over', async () => {
    const { one, remote } = await watched(2, { timeout_seconds: 60, cancel_on_timeout: true });
    await one.advance(59.5);
    remote.become('FINISHED', 'br-1');
    await one.advance(30);
    const stopped = remote.calls.flatMap(({ tool, args }) =>
      tool === 'stop_bench_result' ? [args['benchResultId']] : [],
    );
    expect(stopped).toEqual(['br-2']);
    expectAllOver(one);
  });

  it('happens at the deadline when that was asked for', async () => {
    const { one, remote, job } = await watched(2, { timeout_seconds: 60, cancel_on_timeout: true });
    await one.advance(90);
    expect(job().state).toMatchObject({ status: 'failed', reason: 'timed_out' });
    expect(remote.count('stop_bench_result')).toBe(2);
    expect(job().state.warnings).toContainEqual('timed out; the remote system accepted the cancel');
    expectAllOver(one);
  });
});
