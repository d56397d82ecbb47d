import { afterEach, describe, expect, it } from 'vitest';
import { octoperfServer } from '../support/octoperf-server.ts';
import { octoperfBodies as bodies } from '../support/octoperf-world.ts';
import { realEngineWorld } from './real-engine-world.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** OctoPerf behind its MCP server on loopback, and the embedded engine that watches it. */
async function watching() {
  const server = await octoperfServer();
  open.push(server);
  const world = await realEngineWorld(() => undefined, {}, server.url);
  open.push(world);
  return { remote: server.remote, ...world };
}
const toolsOf = (remote: { calls: { tool: string }[] }): string[] => remote.calls.map(({ tool }) => tool);

describe('a load test on OctoPerf', () => {
  it('is read, started once, watched until each result is over, and told once', async () => {
    const { remote, start, advance, job, told, overlapping } = await watching();
    remote.knobs.results_per_run = 2;
    const { job_id, handle, spec } = await start(bodies.scenario());
    expect(handle).toEqual({ benchResultIds: ['br-1', 'br-2'], benchReportId: 'report-1', scenarioId: 's-1' });
    expect(spec).toMatchObject({ expected_seconds: 330, timeout_seconds: 1830, interval_seconds: 33 });
    remote.become('RUNNING');
    for (const result of remote.results.values()) result.progress = 0.5;
    await advance(150);
    expect((await job(job_id)).state).toMatchObject({ status: 'running', upstream_state: 'RUNNING', progress_pct: 50 });
    remote.become('FINISHED', 'br-1');
    await advance(40);
    expect((await job(job_id)).state).toMatchObject({ status: 'running', upstream_state: 'FINISHED, RUNNING' });
    remote.become('FINISHED');
    await advance(40);
    expect((await job(job_id)).state.status).toBe('complete');
    expect(told.map(({ type, data }) => [type, data.next_step?.slice(0, 23)])).toEqual([
      ['job.settled', 'FINISHED is not passed:'],
    ]);
    const calls = remote.calls.length;
    await advance(120);
    expect(remote.calls.length).toBe(calls);
    expect([remote.count('run_scenario'), remote.count('get_scenario'), overlapping()]).toEqual([1, 1, 0]);
    expect(remote.count('get_bench_status')).toBeLessThanOrEqual(Math.ceil(remote.count('get_bench_result') / 2) + 1);
  });

  it('is adopted, and fails when one result is aborted', async () => {
    const { remote, start, advance, job, told } = await watching();
    const ids = [remote.begin('s-1').id, remote.begin('s-1').id];
    remote.become('RUNNING');
    const { job_id } = await start(bodies.adoptedScenario(ids));
    expect(toolsOf(remote)).toEqual([
      'get_bench_result',
      'get_scenario',
      'get_bench_result',
      'get_bench_status',
      'get_bench_result',
      'get_bench_status',
    ]);
    remote.become('ABORTED', 'br-1');
    remote.become('FINISHED', 'br-2');
    await advance(60);
    const { state, seen } = await job(job_id);
    expect(state).toMatchObject({ status: 'failed', reason: 'upstream_failed' });
    expect(seen.each?.map(({ id, status }) => [id, status])).toEqual([
      ['br-1', 'failed'],
      ['br-2', 'complete'],
    ]);
    expect(told[0]?.data.next_step).toContain('octoperf-scenario-diagnosis');
  });

  it('is cancelled: each result is stopped once, and seen as ABORTED', async () => {
    const { remote, start, cancel, advance, job } = await watching();
    remote.knobs.results_per_run = 2;
    const { job_id } = await start(bodies.scenario());
    await cancel(job_id);
    await advance(10);
    expect((await job(job_id)).state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expect(remote.count('stop_bench_result')).toBe(2);
  });

  it('fails to start without a plan, in the words of OctoPerf', async () => {
    const { remote, start, advance } = await watching();
    remote.refuse['run_scenario'] = 'No matching plan: maxConcurrentUsers is 50';
    await expect(start(bodies.scenario())).rejects.toMatchObject({
      code: 'START_REJECTED',
      message: 'No matching plan: maxConcurrentUsers is 50',
    });
    await advance(120);
    expect(toolsOf(remote)).toEqual(['get_scenario', 'run_scenario']);
  });
});

describe('a validation on OctoPerf', () => {
  it('is watched by its own id, every five seconds, and told once', async () => {
    const { remote, start, advance, job, told } = await watching();
    remote.knobs.virtual_user = { id: 'vu-1', children: [{ '@type': 'PlaywrightSpecAction' }] };
    const { job_id, spec, handle } = await start(bodies.validation());
    expect(spec).toMatchObject({ expected_seconds: 60, interval_seconds: 5 });
    expect(handle).toEqual({ benchResultId: 'br-1', projectId: 'p-1', virtualUserId: 'vu-1' });
    await start(bodies.validation());
    remote.become('FINISHED', 'br-2');
    await advance(30);
    expect((await job(job_id)).state.status).toBe('running');
    remote.become('FINISHED', 'br-1');
    await advance(10);
    expect((await job(job_id)).state.status).toBe('complete');
    expect(told.filter(({ data }) => data.job_id === job_id)).toHaveLength(1);
  });
});

describe.each(['pdf', 'correlation'] as const)('the task of a %s on OctoPerf', (name) => {
  it('is watched until it is done, and told once', async () => {
    const { remote, start, advance, job, told } = await watching();
    const { job_id, handle } = await start(bodies[name]());
    expect(handle).toMatchObject({ taskId: 'task-1' });
    await advance(10);
    Object.assign(remote.tasks.get('task-1') ?? {}, { status: 'SUCCESS' });
    await advance(5);
    expect((await job(job_id)).state.status).toBe('complete');
    expect(told).toHaveLength(1);
  });

  it('fails in the words of its backend', async () => {
    const { remote, start, advance, job } = await watching();
    const { job_id } = await start(bodies[name]());
    const message = 'java.lang.IllegalStateException: boom\n\tat com.octoperf.Print(Print.java:7)';
    Object.assign(remote.tasks.get('task-1') ?? {}, { status: 'FAILED', message });
    await advance(5);
    expect((await job(job_id)).seen.message).toBe(message);
  });
});
