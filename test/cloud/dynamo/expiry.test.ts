import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoActiveJobs } from '../../../lib/aws/dynamo-active-jobs.ts';
import { refOf } from '../../../lib/core/job.ts';
import { aJob, anEvent, owedBy, settledState } from '../../contracts/records.ts';
import type { Item } from './billing.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { saveOf, saw, settleOf } from './jobs.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
beforeAll(async () => {
  world = await dynamoWorld();
});
afterAll(() => world.close());

const day = 86_400;
const settled_seconds = settledState.settled_at_ms / 1000;
const goesAt = (item: Item | undefined): number => Number(item?.['expires_at']?.N);
const itemsOf = async (table: string) => {
  const items = await world.front.items(table);
  const hot = items.find(({ sk }) => sk?.S === 'HOT');
  return { hot, parts: items.filter((item) => item !== hot) };
};

it('lets a job go 30 days after its end, in epoch seconds, and its parts no sooner', async () => {
  const { store, table } = await world.freshTable();
  const { job } = await store.create(aJob());
  await store.save(saveOf(job, {}, { seen: saw('one') }));
  const running = await itemsOf(table);
  const abandoned = job.deadline_at_ms / 1000 + 60 * day;
  expect(goesAt(running.hot)).toBe(abandoned);
  await store.save(settleOf(job, { seen: saw('two') }));
  const { hot, parts } = await itemsOf(table);
  expect(goesAt(hot)).toBe(settled_seconds + 30 * day);
  expect(parts).toHaveLength(3);
  for (const part of parts) expect(goesAt(part)).toBeGreaterThan(abandoned);
});

it('serves no job that has expired, though DynamoDB has not removed it yet', async () => {
  const { store, anotherStore, clock } = await world.freshTable();
  const { job } = await store.create(aJob());
  await store.save(settleOf(job));
  await store.paid(refOf(job), owedBy(job).event_id);
  clock.advance((settledState.settled_at_ms - clock.now()) / 1000 + 30 * day - 1);
  expect(await store.load(job.job_id)).toBeDefined();
  clock.advance(1);
  expect(await store.load(job.job_id)).toBeUndefined();
  expect((await store.list({ owner: 'me', limit: 9 })).jobs).toEqual([]);
  const later = aJob({ made_at_ms: clock.now() });
  expect(await anotherStore().create(later)).toMatchObject({ created: true });
  expect(await store.load(job.job_id)).toEqual(later);
  expect((await store.paid(refOf(job), owedBy(job).event_id)).written).toBe(false);
});

it('serves no event that has expired, and does not wait for it', async () => {
  const { events, clock } = await world.freshTable();
  await events.append('me', anEvent(aJob(), 0, 'blocked'));
  clock.advance(31 * day);
  await events.append('me', anEvent(aJob(), 1, 'blocked'));
  const page = await events.list({ owner: 'me', cursor: null, limit: 9 });
  expect(page.events).toEqual([anEvent(aJob(), 1, 'blocked')]);
});

it('has exactly the jobs that run or owe something among the active ones', async () => {
  const { store, table } = await world.freshTable();
  const activeJobs = createDynamoActiveJobs({ documents: world.connect(), table });
  const active = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const page of activeJobs.pages()) found.push(...page);
    return found.sort();
  };
  const jobs = [1, 2, 3].map((number) => aJob({ number }));
  for (const job of jobs) await store.create(job);
  const [first, second, third] = jobs.map((job) => job.job_id);
  expect(await active()).toEqual([first, second, third]);
  for (const job of jobs.slice(0, 2)) await store.save(settleOf(job));
  expect(await active()).toEqual([first, second, third]);
  await store.paid(refOf(aJob({ number: 1 })), owedBy(aJob({ number: 1 })).event_id);
  expect(await active()).toEqual([second, third]);
  await store.save(settleOf(aJob({ number: 3 }), { owe: [] }));
  expect(await active()).toEqual([second]);
});

it('keeps for a day which event told people of what many share, though DynamoDB has not removed it', async () => {
  const { deliveries, clock } = await world.freshTable();
  expect(await deliveries.isFirst('ci died', 'chat', 'evt_1')).toBe(true);
  clock.advance(day - 1);
  expect(await deliveries.isFirst('ci died', 'chat', 'evt_2')).toBe(false);
  clock.advance(2);
  expect(await deliveries.isFirst('ci died', 'chat', 'evt_3')).toBe(true);
  expect(await deliveries.isFirst('ci died', 'chat', 'evt_1')).toBe(false);
});
