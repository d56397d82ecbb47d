import { afterAll, beforeAll, expect, it } from 'vitest';
import { environmentOf } from '../local/callers.ts';
import { spent, tallyOf } from '../local/tally.ts';
import { type CloudStory, cloudStory } from './cloud-story.ts';
import { state } from './remote.ts';

let story: CloudStory;
beforeAll(async () => {
  story = await cloudStory();
}, 120_000);
afterAll(() => story.close());

it('a check that sees nothing new is one claim, one eventually consistent read and one send', async () => {
  const { remote, time, cloud } = story;
  remote.say(() => state('RUNNING'));
  await story.adopt('counted', { expected_seconds: 100, timeout_seconds: 3600 });
  // Past the ramp, and between two beats of the watchdog and of the sweep.
  await time.until(() => remote.looks('counted').length === 8, 120);
  const before = tallyOf(cloud);
  const from = { dynamo: cloud.dynamo.billed.length, queues: cloud.queues.calls.length };
  await time.until(() => remote.looks('counted').length === 10, 60);

  const calls = cloud.dynamo.billed.slice(from.dynamo).map(({ action, body }) => ({
    action,
    consistent: body.ConsistentRead === true,
  }));
  const sent = cloud.queues.calls
    .slice(from.queues)
    .filter(({ action, session_token }) => action === 'sqs:SendMessage' && environmentOf(session_token) !== null);
  const check = [
    { action: 'Query', consistent: false },
    { action: 'UpdateItem', consistent: false },
  ];
  const { invocations, ...rest } = spent(before, tallyOf(cloud));
  const beats = rest.schedule_invocations;
  // A beat of the watchdog reads the job, and finds that the chain carries it.
  expect(calls.filter(({ action }) => action === 'UpdateItem')).toEqual([check[1], check[1]]);
  expect(calls.filter(({ action }) => action === 'Query')).toHaveLength(2 + beats);
  expect(calls.every(({ consistent }) => !consistent)).toBe(true);
  expect(sent).toHaveLength(2);
  const poll = Object.entries(invocations).find(([name]) => name.startsWith('UntilDonePoll'))?.[1];
  expect(poll).toBe(2 + beats);
  expect(rest).toMatchObject({ wru: 2, rru: 0.5 * (2 + beats), sns_publishes: 0, api_requests: 0 });
});
