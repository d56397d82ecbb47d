import type { CallToolResult } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { acceptors } from '../../support/world.ts';
import { toolServer } from '../../transports/mcp-world.ts';
import { type CloudStory, cloudStory } from './cloud-story.ts';
import { nameOf } from './kill-story.ts';
import { type ToolClient, toolClient } from './tool-client.ts';

/* A job that is started, watched and ended by the tools of an MCP server, from the bundles that are deployed. */

const answers = (structuredContent: Record<string, unknown>): CallToolResult => ({ structuredContent, content: [] });
let story: CloudStory;
let tools: ToolClient;
let server: Awaited<ReturnType<typeof toolServer>>;
const called: string[] = [];
let stateOf: (looks: number) => string = () => 'RUNNING';

beforeAll(async () => {
  const note = (tool: string, { id = '' }: Record<string, unknown>): number => {
    called.push(`${tool} ${id}`);
    return called.filter((one) => one === `${tool} ${id}`).length;
  };
  server = await toolServer({
    run: ({ scenario }) => {
      called.push(`run ${scenario}`);
      return answers({ id: `run of ${scenario}` });
    },
    look: (given) => answers({ state: stateOf(note('look', given)), figures: { p95_ms: 212 } }),
    stop: (given) => {
      note('stop', given);
      return answers({});
    },
  });
  story = await cloudStory({ tools_url: server.url });
  tools = await toolClient(story.cloud.url);
}, 120_000);
afterAll(async () => {
  await tools.close();
  await story.close();
  await server.close();
});

const request = (scenario: string) => ({
  kind: 'mcp-tool',
  connection: 'tools',
  name: scenario,
  expected_seconds: 100,
  input: {
    start: { tool: 'run', arguments: { scenario } },
    handle: { id: 'id' },
    status: { tool: 'look', arguments: { id: '{id}' } },
    cancel: { tool: 'stop', arguments: { id: '{id}' } },
  },
  acceptors,
  paths: { upstream_state: 'state', result: 'figures' },
  announce: { targets: [] },
});
const looksOf = (scenario: string): number => called.filter((one) => one === `look run of ${scenario}`).length;
const told = async (job_id: string): Promise<void> => {
  expect((await story.events(job_id)).map(({ type }) => type)).toEqual(['job.settled']);
  expect(story.published(job_id)).toHaveLength(1);
};

it('a job behind tools is started once, watched by the poll function to its end, and told of once', async () => {
  stateOf = (looks) => (looks < 5 ? 'RUNNING' : 'FINISHED');
  const { status, body } = await story.call('POST', '/v1/jobs', request('checkout'), 'key-of-checkout');
  expect({ status, body }).toMatchObject({ status: 202, body: { handle: { id: 'run of checkout' }, checks: 1 } });
  const job_id = String(Object(body).job_id);
  await story.untilOver(job_id, 200);
  expect(await story.job(job_id)).toMatchObject({
    status: 'complete',
    checks: 5,
    upstream_state: 'FINISHED',
    result: { p95_ms: 212 },
    warnings: [],
  });
  expect([called.filter((one) => one === 'run checkout').length, looksOf('checkout')]).toEqual([1, 5]);
  const polls = [...story.cloud.lambda.invocations].filter(([name]) => nameOf(name) === 'Poll');
  expect(polls[0]?.[1]).toBeGreaterThanOrEqual(4);
  await story.time.advance(3600);
  expect(looksOf('checkout')).toBe(5);
  await told(job_id);
});

it('a job behind tools, handed over and cancelled by tools of ours, is asked to end by a tool', async () => {
  stateOf = () => (called.includes('stop run of soak') ? 'ABORTED' : 'RUNNING');
  const { job_id } = await tools.call('job_start', { ...request('soak'), idempotency_key: 'key-of-soak' });
  await story.time.until(() => looksOf('soak') === 3, 60);
  expect(await tools.call('job_cancel', { job_id })).toMatchObject({ phase: 'cancelling' });
  await story.untilOver(String(job_id), 120);
  expect(await tools.call('job_get', { job_id })).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
  expect(called.filter((one) => one === 'stop run of soak')).toHaveLength(1);
  await told(String(job_id));
});

it('a server that is away is not a job that failed: the session is opened again', async () => {
  stateOf = (looks) => (looks < 4 ? 'RUNNING' : 'FINISHED');
  const { job_id } = await tools.call('job_start', { ...request('restart'), idempotency_key: 'key-of-restart' });
  await story.time.until(() => looksOf('restart') === 2, 60);
  server.refuse(true);
  await story.time.until(async () => Number((await story.job(String(job_id)))['consecutive_errors']) >= 2, 200);
  server.refuse(false);
  await story.untilOver(String(job_id), 400);
  expect(await story.job(String(job_id))).toMatchObject({ status: 'complete', consecutive_errors: 0 });
  await told(String(job_id));
});
