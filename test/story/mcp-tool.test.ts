import { afterEach, describe, expect, it } from 'vitest';
import { type Tool, toolServer } from '../transports/mcp-world.ts';
import { realEngineWorld } from './real-engine-world.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A remote system behind tools, whose one run goes on until told otherwise; and the engine that watches it. */
async function remote(tools: Record<string, Tool> = {}) {
  const run = { state: 'RUNNING', cancels: 0 };
  const say = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] });
  const server = await toolServer({
    run_start: ({ scenario }) => say({ run: { id: `run of ${scenario}` } }),
    run_look: ({ id }) => say({ id, state: run.state }),
    run_stop: () => {
      run.cancels += 1;
      run.state = 'STOPPED';
      return say({ ok: true });
    },
    ...tools,
  });
  open.push(server);
  const world = await realEngineWorld(() => undefined, {}, server.url);
  open.push(world);
  return { run, seen: server.seen, ...world };
}
const when = (state: string, word: string) => ({
  state,
  matcher: { path: 'state', expected: word, comparator: 'stringEquals' },
});
const body = {
  kind: 'mcp-tool',
  connection: 'tools',
  expected_seconds: 30,
  input: {
    start: { tool: 'run_start', arguments: { scenario: 'checkout' } },
    handle: { id: 'run.id' },
    status: { tool: 'run_look', arguments: { id: '{id}' } },
    cancel: { tool: 'run_stop', arguments: { id: '{id}' } },
  },
  acceptors: [when('success', 'DONE'), when('cancelled', 'STOPPED')],
  paths: { upstream_state: 'state', result: 'id' },
};

describe('a job behind tools', () => {
  it('is started, watched until it is done, and told once', async () => {
    const { start, advance, job, run, seen, told } = await remote();
    const { job_id, handle } = await start(body);
    expect(handle).toEqual({ id: 'run of checkout' });
    await advance(20);
    expect((await job(job_id)).state).toMatchObject({ status: 'running', upstream_state: 'RUNNING' });
    run.state = 'DONE';
    await advance(10);
    expect((await job(job_id)).state.status).toBe('complete');
    expect((await job(job_id)).seen.result).toBe('run of checkout');
    expect(told.map(({ type }) => type)).toEqual(['job.settled']);
    const calls = seen.length;
    await advance(60);
    expect(seen.length).toBe(calls);
    expect(seen.filter((one) => one !== 'POST tools/call')).toEqual(['POST server/discover']);
  });
  it('is cancelled by its tool, once', async () => {
    const { start, cancel, advance, job, run } = await remote();
    const { job_id } = await start(body);
    await cancel(job_id);
    await advance(10);
    expect((await job(job_id)).state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expect(run.cancels).toBe(1);
  });
  it('a tool error is a failed look, not a failed job', async () => {
    const broken: Tool = () => ({ content: [{ type: 'text', text: 'try later' }], isError: true });
    const { start, advance, job } = await remote({ run_look: broken });
    const { job_id } = await start(body);
    await advance(10);
    expect((await job(job_id)).state.status).toBe('running');
    expect((await job(job_id)).state.consecutive_errors).toBeGreaterThan(0);
  });
  it('fails to start when the tool says no, in its words', async () => {
    const no: Tool = () => ({ content: [{ type: 'text', text: 'no licence left' }], isError: true });
    const { start } = await remote({ run_start: no });
    await expect(start(body)).rejects.toMatchObject({
      code: 'START_REJECTED',
      message: expect.stringContaining('no licence left'),
    });
  });
});
