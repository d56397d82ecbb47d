import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../lib/core/job.ts';
import { killChildren, type Listening, startExample } from '../examples/child.ts';
import { ended, toolsOf } from '../examples/load-test-tools.ts';
import { realEngineWorld } from './real-engine-world.ts';

type Story = Awaited<ReturnType<typeof realEngineWorld>>;
let service: Listening;
let tools: Awaited<ReturnType<typeof toolsOf>>;
let world: Story;

// Real runs, which take their time, behind real tools; only the engine's clock is moved by hand.
beforeAll(async () => {
  const target = await startExample('target.ts');
  service = await startExample('server.ts', '--target', target.url);
  tools = await toolsOf(service.url);
  world = await realEngineWorld(() => undefined, {}, `${service.url}/mcp`);
});
afterAll(async () => {
  await world.close();
  await tools.close();
  await killChildren();
});

/** The bench results of a job. */
function idsOf(handle: Job['handle']): string[] {
  const ids = handle?.['benchResultIds'] ?? [handle?.['benchResultId'] ?? null];
  return Array.isArray(ids) ? ids.map(String) : [];
}

/** Hands over, lets the engine look once while it goes on, waits for its real end, and lets the engine see that. */
async function watched(body: Record<string, unknown>) {
  const { job_id, handle, spec } = await world.start({ connection: 'tools', ...body });
  for (const benchResultId of idsOf(handle)) await tools.until('get_bench_result', { benchResultId }, ended);
  await world.advance(10);
  const { state, seen } = await world.job(job_id);
  const told = world.told.filter((event) => event.data.job_id === job_id);
  return { handle, spec, state, seen, told: told.map(({ type }) => type) };
}

describe('the OctoPerf kinds, on the example service', () => {
  it('a scenario of two user profiles is over when both of its runs are, and says that nothing was judged', async () => {
    const { handle, spec, state, told } = await watched({
      kind: 'octoperf-scenario',
      input: { scenarioId: 'checkout' },
    });
    expect(handle).toMatchObject({ benchResultIds: [expect.any(String), expect.any(String)] });
    // The longest load profile, 8 s, and half a minute.
    expect(spec.expected_seconds).toBe(38);
    expect(state).toMatchObject({ status: 'complete', progress_pct: 100 });
    expect(told).toEqual(['job.settled']);
  });

  it('a validation is watched by its own bench result', async () => {
    const of = { projectId: 'shop', virtualUserId: 'visitor', providerId: 'here', location: 'here' };
    const { spec, state, told } = await watched({ kind: 'octoperf-validation', input: of });
    expect(spec.expected_seconds).toBe(30);
    expect([state.status, told]).toEqual(['complete', ['job.settled']]);
  });

  it('a run is stopped when its job is cancelled, and is over when that was seen', async () => {
    const { job_id, handle } = await world.start({
      kind: 'octoperf-scenario',
      connection: 'tools',
      input: { scenarioId: 'soak' },
    });
    const [benchResultId] = idsOf(handle);
    await world.cancel(job_id);
    await world.advance(1);
    await tools.until('get_bench_result', { benchResultId }, ended);
    await world.advance(10);
    expect((await world.job(job_id)).state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
  });

  it('a report is printed, and its link is left for who wants the file', async () => {
    const run = await watched({ kind: 'octoperf-scenario', input: { scenarioId: 'smoke' } });
    const { job_id } = await world.start({
      kind: 'octoperf-pdf-export',
      connection: 'tools',
      input: { benchReportId: run.handle?.['benchReportId'] },
    });
    await world.advance(10);
    const { state, seen } = await world.job(job_id);
    expect(state.status).toBe('complete');
    expect(JSON.stringify(seen)).not.toContain('/downloads/');
    const [benchResultId] = idsOf(run.handle);
    expect((await tools.call('list_bench_result_files', { benchResultId })).value).toEqual([
      'run.log',
      'One_visitor_for_two_seconds.pdf',
    ]);
  });

  it('fails to start what the service refuses, in its words', async () => {
    await expect(
      world.start({ kind: 'octoperf-scenario', connection: 'tools', input: { scenarioId: 'none' } }),
    ).rejects.toMatchObject({ code: 'START_REJECTED', message: expect.stringContaining('there is no scenario none') });
    await expect(
      world.start({
        kind: 'octoperf-correlation',
        connection: 'tools',
        input: { projectId: 'shop', virtualUserId: 'buyer' },
      }),
    ).rejects.toMatchObject({ code: 'START_REJECTED' });
  });
});
