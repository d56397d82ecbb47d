import { describe, expect, it } from 'vitest';
import { tools } from '../../examples/load-test/tools.ts';
import { isToolCall } from '../../lib/core/is-tool-call.ts';
import { readStartRequest } from '../../lib/core/start-request.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import { aJob } from '../cli/support/jobs.ts';
import { run } from '../cli/support/run.ts';
import { scriptedServer } from '../cli/support/scripted-server.ts';
import { commandsIn, wordsOf } from './commands-in.ts';
import { blocksIn, pageOf } from './pages.ts';

const page = pageOf('docs/octoperf.md');

/** Tools of OctoPerf that the example has nothing real for. */
const elsewhere = ['apply_correlations_to_virtual_user', 'get_scenario_matching_plans', 'list_active_subscriptions'];

const octoperf = { transport: 'mcp', url: 'https://api.octoperf.com/mcp', auth: { type: 'none' } } as const;
const known = {
  kinds: kindsWith([]),
  connections: new Map([['octoperf', { ...octoperf, allow_http: false, allow_private_network: false }]]),
  targets: [],
  limits: { watchdog_seconds: 60 },
};

describe('the page on OctoPerf', () => {
  it('names only tools that the example serves, or that are known to be left out there', () => {
    const named = [
      ...new Set(
        [...page.matchAll(/`((?:get|run|list|stop|validate|export|apply|download)_[a-z_]+)`/g)].map(
          (match) => match[1],
        ),
      ),
    ];
    expect(named.length).toBeGreaterThan(10);
    expect([...Object.keys(tools), ...elsewhere]).toEqual(expect.arrayContaining(named));
    expect(Object.keys(tools)).not.toEqual(expect.arrayContaining(elsewhere));
  });

  it('shows JSON that can be parsed: one connection, two hand-overs', () => {
    const [connection, adopt, start, ...more] = blocksIn(page, 'json').map((text): unknown => JSON.parse(text));
    expect(connection).toMatchObject({
      connections: { octoperf: { transport: 'mcp', auth: { type: 'oauth2-refresh-token' } } },
    });
    for (const request of [adopt, start]) expect(readStartRequest(request, known)).toMatchObject({ ok: true });
    expect(more).toEqual([]);
  });

  const handOvers = commandsIn(page).filter((command) => /^untildone job (start|adopt)/.test(command));
  it.each(handOvers)('shows a command that the CLI takes: %s', async (command) => {
    const server = await scriptedServer(() => ({ status: 202, json: aJob() }));
    const { code, envelope } = await run(wordsOf(command), { endpoint: server.url });
    expect({ code, problems: envelope.error?.['problems'] }).toMatchObject({ code: 0 });
    expect(server.asked.map(({ body }) => readStartRequest(body, known))).toMatchObject([{ ok: true }]);
  });

  it('has a row for each kind, with the tools it calls', () => {
    const kinds = [...known.kinds.values()].filter(({ name }) => name.startsWith('octoperf-'));
    expect(kinds).toHaveLength(4);
    for (const { name, start, status, cancel } of kinds) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
      for (const call of [start, status, cancel])
        if (call !== undefined && isToolCall(call)) expect(row).toContain(`\`${call.tool}\``);
      if (cancel === undefined) expect(row).toMatch(/\| – \|$/);
    }
  });

  it('shows one command for each kind but the one it shows as JSON', () => {
    const kinds = handOvers.map((command) => /--kind (\S+)/.exec(command)?.[1]);
    expect(kinds).toEqual(['octoperf-validation', 'octoperf-pdf-export', 'octoperf-correlation']);
  });
});
