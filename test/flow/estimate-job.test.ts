import { describe, expect, it } from 'vitest';
import type { Observation } from '../../lib/core/observation.ts';
import { octoperfBodies as bodies, octoperfWorld } from '../support/octoperf-world.ts';
import { answers, fails } from '../support/world.ts';
import { expectZeroRow } from '../support/zero-row.ts';

const toolsOf = (remote: { calls: { tool: string }[] }): string[] => remote.calls.map(({ tool }) => tool);

describe('how long a job takes', () => {
  it('is asked before it is started, and sets its pace and deadline', async () => {
    const { one, remote } = octoperfWorld();
    const { spec, state } = await one.start(bodies.scenario());
    expect(toolsOf(remote)).toEqual(['get_scenario', 'run_scenario', 'get_bench_result', 'get_bench_status']);
    expect(remote.calls[0]?.args).toEqual({ scenarioId: 's-1' });
    expect(spec).toMatchObject({ expected_seconds: 330, timeout_seconds: 1830, interval_seconds: 33 });
    expect(state.warnings).toEqual([]);
    expectZeroRow(one);
  });

  it('is not asked when it is given', async () => {
    const { one, remote } = octoperfWorld();
    const { spec } = await one.start(bodies.scenario({ expected_seconds: 100, timeout_seconds: 200 }));
    expect(remote.count('get_scenario')).toBe(0);
    expect(spec).toMatchObject({ expected_seconds: 100, timeout_seconds: 200, interval_seconds: 10 });
  });

  it('is found by way of the run that is adopted', async () => {
    const { one, remote } = octoperfWorld();
    const { id } = remote.begin('s-9');
    const { spec } = await one.start(bodies.adoptedScenario([id]));
    expect(remote.calls.slice(0, 3)).toEqual([
      { tool: 'get_bench_result', args: { benchResultId: id } },
      { tool: 'get_scenario', args: { scenarioId: 's-9' } },
      { tool: 'get_bench_result', args: { benchResultId: id } },
    ]);
    expect(spec).toMatchObject({ expected_seconds: 330, timeout_seconds: 1830 });
  });

  it('is asked at once when the adopted handle has the scenario', async () => {
    const { one, remote } = octoperfWorld();
    const { id } = remote.begin('s-9');
    await one.start(bodies.adoptedScenario([id], { handle: { benchResultIds: [id], scenarioId: 's-9' } }));
    expect(toolsOf(remote).slice(0, 2)).toEqual(['get_scenario', 'get_bench_result']);
  });

  it('is not asked again when the same call comes twice', async () => {
    const { one, remote } = octoperfWorld();
    for (const _ of [1, 2]) await one.start(bodies.scenario(), { idempotency_key: 'a' });
    expect([remote.count('get_scenario'), remote.count('run_scenario')]).toEqual([1, 1]);
  });

  it.each([
    ['JMETER', 30],
    ['PLAYWRIGHT', 60],
  ])('of a validation of a %s user is %i s', async (type, expected_seconds) => {
    const { one, remote } = octoperfWorld();
    remote.knobs.virtual_user = { type };
    const { spec } = await one.start(bodies.validation());
    expect(toolsOf(remote).slice(0, 2)).toEqual(['get_virtual_user', 'validate_virtual_user']);
    expect(spec).toMatchObject({ expected_seconds, interval_seconds: 5, timeout_seconds: expected_seconds + 1500 });
  });
});

describe('a job whose duration cannot be read', () => {
  const troubles: [string, Observation, string][] = [
    ['a refusal', answers('403', { error: { type: 'tool_error', message: 'not yours' } }), 'get_scenario: not yours'],
    ['no answer', fails('timeout'), 'get_scenario: timeout (scripted)'],
    ['our own rate budget', fails('rate_limited', { sent: false, postponed: true }), 'get_scenario: rate_limited'],
    ['an expired credential', answers({}, { http_status: 401 }), 'get_scenario: HTTP 401, auth_failed'],
    ['trouble of theirs', answers({}, { http_status: 503 }), 'get_scenario: HTTP 503, server_error'],
    ['an empty answer', answers(undefined, { body: undefined }), 'get_scenario did not say'],
    ['another shape', answers({ profiles: [] }), 'get_scenario did not say'],
  ];
  it.each(troubles)('is started all the same, after %s', async (_name, observation, why) => {
    const { one, remote } = octoperfWorld();
    const tool = one.remote.tool;
    one.remote.tool = (call) => (call.tool === 'get_scenario' ? observation : tool(call));
    const { spec, state, handle } = await one.start(bodies.scenario());
    expect(spec).toMatchObject({ expected_seconds: 600, timeout_seconds: 2100, interval_seconds: 60 });
    expect(state.warnings).toEqual([expect.stringContaining(`how long the job takes could not be read (${why}`)]);
    expect(state.warnings[0]).toContain('600 s are expected');
    expect(handle).toMatchObject({ benchResultIds: ['br-1'] });
    expect(remote.count('run_scenario')).toBe(1);
    expectZeroRow(one);
  });

  it('is adopted all the same when its run does not name a scenario', async () => {
    const { one, remote } = octoperfWorld();
    const { id } = remote.begin('');
    const tool = one.remote.tool;
    one.remote.tool = (call) => (call.tool === 'get_bench_result' ? answers({ id, state: 'RUNNING' }) : tool(call));
    const { state } = await one.start(bodies.adoptedScenario([id]));
    expect(state.warnings[0]).toContain('get_scenario needs scenarioId');
    expect(remote.count('get_scenario')).toBe(0);
  });

  it('leaves the first check its time, however slow the answers', async () => {
    const { one, remote } = octoperfWorld();
    one.remote.seconds = () => (remote.calls.length <= 2 ? 5.5 : 0);
    const { id } = remote.begin('s-1');
    const adopting = one.start(bodies.adoptedScenario([id]));
    await one.advance(15);
    expect((await adopting).state).toMatchObject({
      checks: 1,
      warnings: [expect.stringContaining('there was no time left to ask')],
    });
    expect(toolsOf(remote).slice(0, 3)).toEqual(['get_bench_result', 'get_bench_result', 'get_bench_status']);
  });

  it('leaves the starter its time, however slow the answer', async () => {
    const { one, remote } = octoperfWorld();
    one.remote.seconds = () => (remote.calls.length === 1 ? 6 : 0);
    const starting = one.start(bodies.scenario());
    await one.advance(10);
    expect((await starting).handle).toMatchObject({ benchResultIds: ['br-1'] });
    expectZeroRow(one);
  });
});
