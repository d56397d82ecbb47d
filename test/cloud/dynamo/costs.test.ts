import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Job } from '../../../lib/core/job.ts';
import { refOf } from '../../../lib/core/job.ts';
import { anEvent, epoch_ms, owedBy } from '../../contracts/records.ts';
import { itemSize } from './billing.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { claimOf, eventful, glimpsed, namesOf, octoHandle, octoJob, saveOf, saw, settleOf } from './jobs.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
beforeAll(async () => {
  world = await dynamoWorld();
});
afterAll(() => world.close());

/** The calls of one operation, and what they are billed. */
async function cost(run: () => Promise<unknown>): Promise<{ calls: string[]; wru: number; rru: number }> {
  const from = world.front.billed.length;
  await run();
  const mine = world.front.billed.slice(from);
  const sum = (unit: 'wru' | 'rru'): number => mine.reduce((total, call) => total + call[unit], 0);
  return { calls: namesOf(world.front.billed, from), wru: sum('wru'), rru: sum('rru') };
}
/** A started job as a tick finds it. */
async function running(): Promise<{ fresh: Awaited<ReturnType<typeof world.freshTable>>; job: Job }> {
  const fresh = await world.freshTable();
  const { job } = await fresh.store.create(octoJob());
  await fresh.store.save(
    saveOf(job, { ...eventful, lease_until_ms: 0 }, { handle: octoHandle, seen: glimpsed('one') }),
  );
  return { fresh, job };
}
const update = 'UpdateItem';
const put = 'PutItem';

it('keeps the hot item of a long, eventful run below one write unit', async () => {
  const { fresh, job } = await running();
  await fresh.store.wishCancel(refOf(job), epoch_ms + 3_600_000);
  await fresh.store.save(saveOf(job, eventful, { owe: [owedBy(job, 1, 'overdue')] }));
  const hot = (await world.front.items(fresh.table)).find(({ sk }) => sk?.S === 'HOT');
  expect(itemSize(hot ?? {})).toBeGreaterThan(500);
  expect(itemSize(hot ?? {})).toBeLessThan(1024);
});

it('keeps it there however many ids the job watches', async () => {
  const { fresh, job } = await running();
  const ids = Array.from({ length: 50 }, (_, number) => `AWdMSJJdEJKuq7RYQm${number}`);
  const each = ids.map((id) => ({
    id,
    status: 'running' as const,
    upstream_state: 'RUNNING',
    message: id,
    value: null,
  }));
  const state = { ...eventful, upstream_state: 'FINISHED, RUNNING, INITIALIZING' };
  await fresh.store.save(saveOf(job, state, { handle: { benchResultIds: ids }, seen: { ...saw('m'), each } }));
  const hot = (await world.front.items(fresh.table)).find(({ sk }) => sk?.S === 'HOT');
  expect(itemSize(hot ?? {})).toBeLessThan(1024);
});

it('creates a job with two puts: what never changes, packed, then the state with its index entry', async () => {
  const { store } = await world.freshTable();
  expect(await cost(() => store.create(octoJob()))).toEqual({ calls: [put, put], wru: 3, rru: 0 });
});

it('makes a tick of nothing new with one read and one write', async () => {
  const { fresh, job } = await running();
  const store = fresh.anotherStore();
  expect(await cost(() => store.load(job.job_id))).toEqual({ calls: ['Query'], wru: 0, rru: 0.5 });
  expect(await cost(() => store.claim(claimOf(job)))).toEqual({ calls: [update], wru: 1, rru: 0 });
});

it('reads for a claim only what it has never seen', async () => {
  const { fresh, job } = await running();
  const store = fresh.anotherStore();
  const cold = await cost(() => store.claim(claimOf(job)));
  expect(cold).toEqual({ calls: [update, 'Query, consistent'], wru: 1, rru: 1 });
  expect(await cost(() => store.claim(claimOf(job, { expected_checks: 1 })))).toEqual({
    calls: [update],
    wru: 1,
    rru: 0,
  });
});

it('charges a claim that somebody else has won as one write, and reads nothing', async () => {
  const { fresh, job } = await running();
  await fresh.store.claim(claimOf(job));
  expect(await cost(() => fresh.store.claim(claimOf(job)))).toEqual({ calls: [update], wru: 1, rru: 0 });
});

it('saves a change of state alone with one write, and what was seen with one more', async () => {
  const { fresh, job } = await running();
  const state = { progress_pct: 90, phase: 'blocked', next_check_at_ms: epoch_ms } as const;
  expect(await cost(() => fresh.store.save(saveOf(job, state)))).toEqual({ calls: [update], wru: 1, rru: 0 });
  const seen = saw('two');
  expect(await cost(() => fresh.store.save(saveOf(job, {}, { seen })))).toEqual({
    calls: [put, update],
    wru: 2,
    rru: 0,
  });
  expect(await cost(() => fresh.store.wishCancel(refOf(job), epoch_ms))).toEqual({ calls: [update], wru: 1, rru: 0 });
});

it('takes a glimpse into the state itself', async () => {
  const { fresh, job } = await running();
  const seen = glimpsed('almost there');
  expect(await cost(() => fresh.store.save(saveOf(job, {}, { seen })))).toEqual({ calls: [update], wru: 1, rru: 0 });
  expect((await fresh.anotherStore().load(job.job_id))?.seen).toEqual(seen);
});

it('starts with a claim and a handle that it keeps in the state: one write each', async () => {
  const { store } = await world.freshTable();
  const { job } = await store.create(octoJob());
  expect(await cost(() => store.claimStarter(refOf(job), epoch_ms))).toEqual({ calls: [update], wru: 1, rru: 0 });
  const handled = await cost(() => store.save(saveOf(job, { phase: 'polling' }, { handle: octoHandle })));
  expect(handled).toEqual({ calls: [update], wru: 1, rru: 0 });
  const handle = { urls: Array.from({ length: 9 }, (_, at) => randomUUID() + at) };
  const apart = await cost(() => store.save(saveOf(job, {}, { handle })));
  expect(apart).toEqual({ calls: [put, update], wru: 2, rru: 0 });
});

it('ends with three writes, of which one puts the job to the ended ones, and one takes it off the active ones', async () => {
  const { fresh, job } = await running();
  const ended = await cost(() => fresh.store.save(settleOf(job, { seen: saw('done') })));
  expect(ended).toEqual({ calls: [put, update], wru: 3, rru: 0 });
  const paid = await cost(() => fresh.store.paid(refOf(job), owedBy(job).event_id));
  expect(paid).toEqual({ calls: [update], wru: 2, rru: 0 });
});

it('appends an event with two writes and an end with one, and reads a page with a query for each event', async () => {
  const { events, store, clock } = await world.freshTable();
  const job = octoJob();
  const blocked = anEvent(job, 0, 'blocked');
  const first = await cost(() => events.append('me', blocked));
  expect(first).toEqual({ calls: [put, 'Query, consistent', put], wru: 2, rru: 1 });
  await store.create(job);
  await store.save(settleOf(job));
  clock.advance(60);
  // The event is owed for longer than the page is open.
  const end = anEvent(job, 1);
  const queries = Array(2).fill('Query, consistent');
  expect(await cost(() => events.append('me', end))).toEqual({ calls: [...queries, update], wru: 1, rru: 2 });
  const owed_now = { ...anEvent(job, 2), timestamp: new Date(clock.now()).toISOString() };
  expect(await cost(() => events.append('me', owed_now))).toEqual({ calls: [update], wru: 1, rru: 0 });
  const read = () => events.list({ owner: 'me', cursor: null, limit: 20 });
  expect(await cost(read)).toEqual({ calls: Array(4).fill('Query'), wru: 0, rru: 2 });
});

it('puts down and records a delivery with one write each, and lists all of a job with one query', async () => {
  const { deliveries } = await world.freshTable();
  const event = anEvent(octoJob());
  const { event_id, data } = event;
  const state = { target: 'ops', event_id, state: 'pending', attempts: 0, last_error: null } as const;
  expect(await cost(() => deliveries.put(data.job_id, state))).toEqual({ calls: [put], wru: 1, rru: 0 });
  const delivered = { state: 'delivered', attempts: 1, last_error: null } as const;
  const recorded = await cost(() => deliveries.record({ target: 'ops', event }, delivered));
  expect(recorded).toEqual({ calls: [update], wru: 1, rru: 0 });
  expect(await cost(() => deliveries.list(data.job_id))).toEqual({ calls: ['Query'], wru: 0, rru: 0.5 });
});

it('counts the running jobs of an owner without reading the ended ones', async () => {
  const { store } = await world.freshTable();
  for (let number = 1; number <= 30; number += 1) {
    const { job } = await store.create(octoJob(number));
    if (number <= 2) continue;
    await store.save(settleOf(job));
    await store.paid(refOf(job), owedBy(job).event_id);
  }
  const { owner } = octoJob();
  const counted = await cost(async () => expect(await store.countActive(owner, 9)).toBe(2));
  expect(counted).toEqual({ calls: Array(4).fill('Query on active-jobs'), wru: 0, rru: 2 });
  const bounded = await cost(async () => expect(await store.countActive(owner, 1)).toBe(1));
  expect(bounded.calls.length).toBeLessThanOrEqual(counted.calls.length);
  const page = await cost(() => store.list({ owner, limit: 5 }));
  for (const index of ['jobs-of-owner', 'active-jobs'])
    expect(page.calls.filter((call) => call.includes(index))).toHaveLength(4);
  expect(page.calls.filter((call) => call === 'Query')).toHaveLength(5);
});

it('reads no more entries of a crowded owner than are enough', async () => {
  const { store } = await world.freshTable();
  const { owner } = octoJob();
  for (let number = 1; number <= 40; number += 1) await store.create(octoJob(number));
  const from = world.front.billed.length;
  expect(await store.countActive(owner, 5)).toBe(5);
  const queries = world.front.billed.slice(from);
  expect(queries.reduce((sum, { body }) => sum + Number(body['Limit']), 0)).toBeLessThanOrEqual(5 * queries.length);
  expect(queries.length).toBeLessThanOrEqual(2);
});

it('looks once more, consistently, for a job that is not there', async () => {
  const { store } = await world.freshTable();
  expect(await cost(() => store.load(octoJob(9).job_id))).toEqual({
    calls: ['Query', 'Query, consistent'],
    wru: 0,
    rru: 1.5,
  });
});

it('reads the latest at once, for twice the price', async () => {
  const { fresh, job } = await running();
  const counted = await cost(() => fresh.store.load(job.job_id, { latest: true }));
  expect(counted).toEqual({ calls: ['Query, consistent'], wru: 0, rru: 1 });
});

it('keeps the partition of a job that changes with every check small', async () => {
  const { fresh, job } = await running();
  for (let check = 0; check < 40; check += 1) {
    fresh.clock.advance(60);
    await fresh.store.load(job.job_id);
    await fresh.store.save(saveOf(job, {}, { seen: saw(`look ${check}`) }));
  }
  expect((await fresh.anotherStore().load(job.job_id))?.seen).toEqual(saw('look 39'));
  expect((await world.front.items(fresh.table)).length).toBeLessThanOrEqual(7);
});
