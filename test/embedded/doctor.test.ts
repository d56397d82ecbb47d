import { afterEach, describe, expect, it } from 'vitest';
import type { Kind } from '../../lib/core/kind.ts';
import { examine } from '../../lib/embedded/doctor.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import { type Before, mcpWorld, type Tool } from '../transports/mcp-world.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

const kind = (name: string, start: string, status: string): Kind => ({
  name,
  transport: 'mcp',
  start: { tool: start },
  status: { tool: status },
});
const silent: Tool = () => ({ content: [] });

/** What the doctor says of one connection to a server with these tools. */
async function said(tools: string[], before?: Before, options: Parameters<typeof mcpWorld>[2] = {}) {
  const world = await mcpWorld(Object.fromEntries(tools.map((name) => [name, silent])), before, options);
  open.push(world);
  const [check] = await examine(
    {
      settings: {
        kinds: new Map<string, Kind>([
          ...kindsWith([]),
          ['walk', kind('walk', 'go', 'look')],
          ['fly', kind('fly', 'start', 'look')],
        ]),
        connections: new Map([['tools', world.connection]]),
        targets: [],
        address: { cli_command: 'untildone', base_url: 'http://127.0.0.1' },
        limits: {
          max_active_jobs_per_owner: 1,
          max_checks_per_job: 1,
          retention_days: 1,
          wait_look_ms: 1,
          watchdog_seconds: 60,
          progress_save_ms: 1,
        },
      },
      transports: { http: { call: () => Promise.reject(new Error('not asked')) }, mcp: world.transport },
      targetProblem: async () => undefined,
      sendTest: () => Promise.reject(new Error('not asked')),
    },
    { send_test: false },
  );
  return { ...check, seen: world.seen, url: world.url };
}
const json = (status: number, body: unknown = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

describe('the doctor, on a connection over MCP', () => {
  it('names the server, its protocol, its tools, and the kinds that find theirs there or lack one', async () => {
    const { ok, message, seen, url } = await said(['go', 'look', 'more']);
    expect([ok, message]).toEqual([
      true,
      `${url}: remote 1 speaks MCP 2026-07-28 and has 3 tools; all those of walk; fly lacks start`,
    ]);
    // Nothing is called to find out.
    expect(seen).toEqual(['POST server/discover', 'POST tools/list']);
  });
  it('is silent on kinds that find none of their tools: they are for another server', async () => {
    const { ok, message } = await said(['other']);
    expect([ok, message]).toEqual([true, expect.stringMatching(/has 1 tools$/)]);
  });
  it.each([
    [401, /credential was refused \(HTTP 401\)/],
    [403, /credential was refused \(HTTP 403\)/],
    [500, /before the tool was called|in trouble/],
    [404, /not as an MCP server \(HTTP 404\); is the path right\?/],
  ])('fails on HTTP %i, and says why', async (status, words) => {
    const { ok, message } = await said(['go'], () => json(status));
    expect([ok, message]).toEqual([false, expect.stringMatching(words)]);
  });
  it('fails on a page that is no MCP server', async () => {
    const { ok, message } = await said(
      ['go'],
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    );
    expect([ok, message]).toEqual([false, expect.stringMatching(/not as an MCP server/)]);
  });
  it('fails on an address the connection may not reach', async () => {
    const { ok, message, seen } = await said(['go'], undefined, { connection: { allow_private_network: false } });
    expect([ok, message, seen]).toEqual([false, expect.stringMatching(/allow_private_network/), []]);
  });
});
