import { describe, expect, it } from 'vitest';
import { tools } from '../../examples/load-test/tools.ts';
import { aJob } from '../cli/support/jobs.ts';
import { run } from '../cli/support/run.ts';
import { scriptedServer } from '../cli/support/scripted-server.ts';
import { commandsIn, wordsOf } from './commands-in.ts';
import { blocksIn, pageOf } from './pages.ts';

const page = pageOf('docs/octoperf.md');

/** Tools of OctoPerf that the example has nothing real for. */
const elsewhere = ['apply_correlations_to_virtual_user', 'get_scenario_matching_plans', 'list_active_subscriptions'];

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
    expect(adopt).toMatchObject({ kind: 'octoperf-scenario', handle: { benchResultIds: [expect.any(String)] } });
    expect(start).toMatchObject({ kind: 'octoperf-scenario', input: { scenarioId: expect.any(String) } });
    expect(more).toEqual([]);
  });

  const handOvers = commandsIn(page).filter((command) => /^untildone job (start|adopt)/.test(command));
  it.each(handOvers)('shows a command that the CLI takes: %s', async (command) => {
    const server = await scriptedServer(() => ({ status: 202, json: aJob() }));
    const { code, envelope } = await run(wordsOf(command), { endpoint: server.url });
    expect({ code, problems: envelope.error?.['problems'] }).toMatchObject({ code: 0 });
    expect(server.asked).toHaveLength(1);
  });

  it('shows one command for each kind but the one it shows as JSON', () => {
    const kinds = handOvers.map((command) => /--kind (\S+)/.exec(command)?.[1]);
    expect(kinds).toEqual(['octoperf-validation', 'octoperf-pdf-export', 'octoperf-correlation']);
  });
});
