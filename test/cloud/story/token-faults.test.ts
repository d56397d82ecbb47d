import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { McpFault } from '../../support/guarded-octoperf.ts';
import { afterwards, mcpFaults as faults } from '../../support/mcp-faults.ts';
import { type TokenStory, tokenStory } from './token-story.ts';

/* The fault matrix over MCP, as far as it concerns what differs here: functions without memory, a sealed table, messages. */

let story: TokenStory;
beforeAll(async () => {
  story = await tokenStory();
}, 120_000);
afterAll(() => story.close());

const ids: string[] = [];
async function begin(): Promise<string> {
  const job_id = await story.start();
  ids.push(job_id);
  return job_id;
}
const always = Number.POSITIVE_INFINITY;

describe('a fault on the way to a load test', () => {
  const met: [name: string, fault: McpFault, times: number, end: string][] = [
    ['500s', faults.internalError, 2, 'complete'],
    ['500s for good', faults.internalError, always, 'unreachable'],
    ['an error of the tool', faults.toolError, 2, 'complete'],
    ['a lost session', faults.lostSession, 2, 'complete'],
    ['a redirect to a foreign host', faults.redirectAbroad, 2, 'target_not_allowed'],
    ['a token that is refused once', faults.forgottenToken, 1, 'complete'],
    ['a refresh token that is revoked', faults.revoked, 1, 'auth_failed'],
  ];
  it.each(met)('%s', async (_name, fault, times, end) => {
    const [sent, before] = [story.posts('run_scenario'), story.met()];
    const job_id = await begin();
    story.remote.become('RUNNING');
    await story.advance(4);
    story.fail('get_bench_result', fault, times);
    story.remote.become('FINISHED');
    const came = await story.endOf(job_id);
    story.fail('', fault, 0);
    if (end === 'auth_failed') story.consent();
    expect([came, story.posts('run_scenario') - sent]).toEqual([end, 1]);
    expect(story.met()).toBeGreaterThan(before);
  });

  it('tokens that end every 2 s', async () => {
    // What the function knows still lives.
    story.authorization.forgetAccess();
    story.authorization.behaviour.expires_in = 2;
    const before = story.authorization.tokenRequests().length;
    const job_id = await begin();
    story.remote.become('RUNNING');
    await story.advance(20);
    story.remote.become('FINISHED');
    expect(await story.endOf(job_id)).toBe('complete');
    expect(story.authorization.tokenRequests().length - before).toBeGreaterThanOrEqual(4);
    story.authorization.behaviour.expires_in = 3600;
  });
});

describe('a fault at the start of a load test begins no second one', () => {
  const met: [name: string, fault: McpFault, end: string, begun: number][] = [
    ['500 after the run began', afterwards(faults.internalError), 'start_unknown', 1],
    ['a reset after the run began', afterwards(faults.reset), 'start_unknown', 1],
    ['an error of the tool', faults.toolError, 'start_rejected', 0],
    ['a session that is lost after the run began', afterwards(faults.lostSession), 'start_unknown', 1],
    ['a redirect within the origin', faults.redirectHome, 'start_rejected', 0],
    ['a redirect to a foreign host', faults.redirectAbroad, 'start_rejected', 0],
  ];
  it.each(met)('%s', async (_name, fault, end, begun) => {
    const [sent, before] = [story.posts('run_scenario'), story.remote.results.size];
    story.fail('run_scenario', fault);
    const job_id = await begin();
    expect(await story.endOf(job_id)).toBe(end);
    expect([story.posts('run_scenario') - sent, (story.remote.results.size - before) / 2]).toEqual([1, begun]);
    story.fail('', fault, 0);
  });
});

it('nothing is called in the hour after', async () => {
  await story.endOf(ids.at(-1) ?? '', 3600);
});

it('no token that was ever given out is kept, said or sent anywhere, and no foreign host was called', async () => {
  const places = await story.places();
  const issued = story.authorization.issued();
  expect(issued.length).toBeGreaterThan(10);
  // What is searched is there to be found; schedules are for those that were begun.
  for (const [place, text] of Object.entries(places))
    expect([place, ids.some((job_id) => text.includes(job_id))]).toEqual([place, true]);
  expect(places['the table']).toContain('"tool":"get_bench_result"');
  const leaks = Object.entries(places).flatMap(([place, text]) =>
    issued.filter((token) => text.includes(token)).map((token) => `${token.split('-')[0]} token in ${place}`),
  );
  expect(leaks).toEqual([]);
  expect(story.foreign.connections().accepted).toBe(0);
});
