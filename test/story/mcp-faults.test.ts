import { afterEach, describe, expect, it } from 'vitest';
import type { McpFault } from '../support/guarded-octoperf.ts';
import { afterwards, mcpFaults as faults } from '../support/mcp-faults.ts';
import { type McpFaultWorld, type McpFaultWorldOptions, mcpFaultWorld } from './mcp-fault-world.ts';

const open: McpFaultWorld[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
async function worldWith(options: McpFaultWorldOptions = {}): Promise<McpFaultWorld> {
  const world = await mcpFaultWorld(options);
  open.push(world);
  return world;
}

/** Where nothing answers, a call is given up soon: that time passes really. */
const impatient: McpFaultWorldOptions = { limits: { call_ms: 400 } };
const sessions: McpFaultWorldOptions = { sessions: true };
const shortLived: McpFaultWorldOptions = { expires_in: 2 };
const serve: McpFault = (call) => call.serve();

/** The end when two answers are faulty, and when all are. */
type Watched = [name: string, fault: McpFault, healed: string, for_good: string, options?: McpFaultWorldOptions];
const whileWatched: Watched[] = [
  ['500s', faults.internalError, 'complete', 'unreachable'],
  ['429 with seconds', faults.tooMany, 'complete', 'unreachable'],
  ['403', faults.forbidden, 'auth_failed', 'auth_failed'],
  ['a hang', faults.hang, 'complete', 'unreachable', impatient],
  ['a reset', faults.reset, 'complete', 'unreachable'],
  ['malformed JSON', faults.malformed, 'complete', 'unreachable'],
  ['HTML', faults.html, 'complete', 'unreachable'],
  ['a huge body', faults.huge, 'complete', 'unreachable'],
  ['the id of another request', faults.otherRequest, 'complete', 'unreachable', impatient],
  ['the id of another run', faults.otherRun, 'complete', 'unreachable'],
  ['an error of the tool', faults.toolError, 'complete', 'unreachable'],
  ['an error of JSON-RPC', faults.rpcError, 'complete', 'unreachable'],
  ['a tool that is not there', faults.noSuchTool, 'complete', 'target_not_found'],
  ['a lost session', faults.lostSession, 'complete', 'target_not_found', sessions],
  ['a redirect within the origin', faults.redirectHome, 'complete', 'unreachable'],
  ['a redirect to a foreign host', faults.redirectAbroad, 'target_not_allowed', 'target_not_allowed'],
  ['tokens that end every 2 s', serve, 'complete', 'complete', shortLived],
  ['an access token that is forgotten', faults.forgottenToken, 'auth_failed', 'auth_failed'],
  ['a refresh token that is revoked', faults.revoked, 'auth_failed', 'auth_failed'],
];

async function watchedWith(fault: McpFault, times: number, options?: McpFaultWorldOptions): Promise<string> {
  const world = await worldWith(options);
  await world.start();
  expect((await world.job()).handle).toMatchObject({ benchResultIds: ['br-1', 'br-2'] });
  world.remote.become('RUNNING');
  await world.advance(4);
  world.fail('get_bench_result', fault, times);
  world.remote.become('FINISHED');
  await world.advance(280);
  expect(world.met()).toBeGreaterThan(0);
  const end = await world.end();
  await world.expectZeros();
  return end;
}

describe('a fault on the way to a load test, in two answers', () => {
  it.each(whileWatched)('%s', async (_name, fault, healed, _for_good, options) => {
    expect(await watchedWith(fault, 2, options)).toBe(healed);
  });

  it('a token that is refused once', async () => {
    expect(await watchedWith(faults.forgottenToken, 1)).toBe('complete');
  });
});

describe('a fault on the way to a load test, for good', () => {
  it.each(whileWatched)('%s', async (_name, fault, _healed, for_good, options) => {
    expect(await watchedWith(fault, Number.POSITIVE_INFINITY, options)).toBe(for_good);
  });
});

describe('the token endpoint in trouble', () => {
  it.each([
    [3, 'complete'],
    [Number.POSITIVE_INFINITY, 'unreachable'],
  ])('for %d answers', async (times, end) => {
    const world = await worldWith({ expires_in: 40 });
    await world.start();
    world.remote.become('RUNNING');
    let left = times;
    world.authorization.behaviour.instead = ({ path }) =>
      path === '/token' && left-- > 0 ? { status: 503, body: { error: 'server_error' } } : undefined;
    await world.advance(60);
    world.remote.become('FINISHED');
    await world.advance(220);
    expect(await world.end()).toBe(end);
    await world.expectZeros();
  });
});

/** The end when the fault meets the start, how often it is sent, and how many runs begin. */
type Started = [
  name: string,
  fault: McpFault,
  end: string,
  sent: number,
  begun: number,
  options?: McpFaultWorldOptions,
];
const whileStarted: Started[] = [
  ['500', faults.internalError, 'start_unknown', 1, 0],
  ['500 after the run began', afterwards(faults.internalError), 'start_unknown', 1, 1],
  ['429 with seconds', faults.tooMany, 'start_rejected', 1, 0],
  ['403', faults.forbidden, 'start_rejected', 1, 0],
  ['a hang', faults.hang, 'start_unknown', 1, 0, impatient],
  ['a hang after the run began', afterwards(faults.hang), 'start_unknown', 1, 1, impatient],
  ['a reset', faults.reset, 'start_unknown', 1, 0],
  ['a reset after the run began', afterwards(faults.reset), 'start_unknown', 1, 1],
  ['malformed JSON', afterwards(faults.malformed), 'start_unknown', 1, 1],
  ['HTML', faults.html, 'start_unknown', 1, 0],
  ['a huge body', afterwards(faults.huge), 'start_unknown', 1, 1],
  ['the id of another request', faults.otherRequest, 'start_unknown', 1, 1, impatient],
  ['an error of the tool', faults.toolError, 'start_rejected', 1, 0],
  ['an error of JSON-RPC', faults.rpcError, 'start_unknown', 1, 0],
  ['a refusal of JSON-RPC', faults.rpcRefusal, 'start_rejected', 1, 0],
  ['a tool that is not there', faults.noSuchTool, 'start_rejected', 1, 0],
  ['a lost session', faults.lostSession, 'start_unknown', 1, 0, sessions],
  ['a session that is lost after the run began', afterwards(faults.lostSession), 'start_unknown', 1, 1, sessions],
  ['a redirect within the origin', faults.redirectHome, 'start_rejected', 1, 0],
  ['a redirect to a foreign host', faults.redirectAbroad, 'start_rejected', 1, 0],
  ['a redirect to a foreign host after the run began', afterwards(faults.seeAbroad), 'start_unknown', 1, 1],
  ['tokens that end every 2 s', serve, 'complete', 1, 1, shortLived],
  ['a refresh token that is revoked', faults.revoked, 'start_rejected', 1, 0],
];

describe('a fault at the start of a load test begins no second one', () => {
  it.each(whileStarted)('%s', async (_name, fault, end, sent, begun, options) => {
    const world = await worldWith(options);
    world.fail('run_scenario', fault);
    await world.start();
    world.remote.become('FINISHED');
    await world.advance(280);
    expect(world.met()).toBe(1);
    expect([await world.end(), world.posts('run_scenario'), world.remote.results.size / 2]).toEqual([end, sent, begun]);
    await world.expectZeros();
  });

  it.each([
    ['once: it is sent once more', 1, 'complete'],
    ['for good', Number.POSITIVE_INFINITY, 'start_rejected'],
  ])('a token that is refused %s', async (_name, times, end) => {
    const world = await worldWith();
    world.fail('run_scenario', faults.forgottenToken, times);
    await world.start();
    world.remote.become('FINISHED');
    await world.advance(280);
    expect([await world.end(), world.posts('run_scenario')]).toEqual([end, 2]);
    await world.expectZeros(2);
  });

  it('a session that was lost before shows before the start, which goes out once', async () => {
    const world = await worldWith(sessions);
    world.fail('get_scenario', async (call) => {
      const answered = await call.serve();
      world.loseSessions();
      return answered;
    });
    await world.start({ expected_seconds: undefined });
    const from = world.requests.indexOf('get_scenario');
    expect(world.requests.slice(from, from + 5)).toEqual([
      'get_scenario',
      'ping',
      'initialize',
      'notifications/initialized',
      'run_scenario',
    ]);
    world.remote.become('FINISHED');
    await world.advance(280);
    expect(await world.end()).toBe('complete');
    await world.expectZeros();
  });
});
