import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createInbox } from '../../../lib/aws/dynamo-inbox.ts';
import type { Page, Table } from '../../../lib/aws/dynamo-table.ts';
import { eventOf, type JobEvent } from '../../../lib/core/announcement.ts';
import { address, aJob, anEvent, epoch_ms, owedBy, settledState } from '../../contracts/records.ts';
import type { DynamoFrontOptions } from '../dynamo-front.ts';
import type { ApiCall, Fault } from '../queues/api-call.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { saw, settleOf } from './jobs.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
let stale: NonNullable<DynamoFrontOptions['stale']> = () => false;
let fault: (call: ApiCall) => Fault | undefined = () => undefined;
beforeAll(async () => {
  world = await dynamoWorld({ stale: (call) => stale(call), fault: (call) => fault(call) });
});
afterEach(() => {
  stale = () => false;
  fault = () => undefined;
});
afterAll(() => world.close());

/** An event that is owed since `at_ms`. */
const blocked = (number: number, at_ms = epoch_ms): JobEvent => ({
  ...anEvent(aJob(), number, 'blocked'),
  timestamp: new Date(at_ms).toISOString(),
});
const idsOf = (events: readonly { event_id: string }[]): string[] => events.map(({ event_id }) => event_id);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);
const pagesIn = async (table: string) =>
  (await world.front.items(table)).filter(({ pk }) => pk?.S?.startsWith('INBOX#'));

it('serves the end of a job as its record has it, word for word what was published', async () => {
  const { store, events, another } = await world.freshTable();
  const job = aJob();
  await store.create(job);
  const { job: ended } = await store.save(settleOf(job, { seen: saw('the end') }));
  const published = eventOf(ended ?? job, { ...owedBy(job), at_ms: settledState.settled_at_ms }, address);
  await events.append('me', published);
  await store.paid(job, owedBy(job).event_id);
  const page = (events: ReturnType<typeof another>['events']) => events.list({ owner: 'me', cursor: null, limit: 9 });
  expect((await page(events)).events).toEqual([published]);
  // A read that trails the last writes shows a job that runs.
  stale = () => (key) => key['sk']?.S === 'HOT';
  expect((await page(another().events)).events).toEqual([published]);
});

it('serves no end of a job that has expired, nor that of a later job with its id', async () => {
  const { store, events, clock } = await world.freshTable();
  const job = aJob();
  await store.create(job);
  await store.save(settleOf(job));
  await events.append('me', anEvent(job));
  clock.advance(31 * 86_400);
  const page = () => events.list({ owner: 'me', cursor: null, limit: 9 });
  expect(await page()).toMatchObject({ events: [], next_cursor: '1001' });
  const later = aJob({ made_at_ms: clock.now() });
  await store.create(later);
  await store.save(settleOf(later));
  expect((await page()).events).toEqual([]);
});

it('finds an event that was appended before, however many pages ago', async () => {
  const { events, another, clock, table } = await world.freshTable();
  await events.append('me', blocked(0));
  for (const number of range(1, 40)) {
    clock.advance(10);
    await events.append('me', blocked(number, clock.now()));
  }
  expect(await pagesIn(table)).toHaveLength(3);
  for (const process of [events, another().events]) await process.append('me', blocked(0));
  const { events: read } = await events.list({ owner: 'me', cursor: null, limit: 100 });
  expect(idsOf(read)).toEqual(idsOf(range(0, 40).map((number) => blocked(number))));
});

it('appends what comes together in as few writes as take it', async () => {
  const { events, clock } = await world.freshTable();
  await events.append('me', blocked(99, clock.now()));
  const from = world.front.billed.length;
  await Promise.all(range(0, 10).map((number) => events.append('me', anEvent(aJob({ number })))));
  const calls = world.front.billed.slice(from).map(({ action }) => action);
  expect(calls.filter((action) => action === 'UpdateItem').length).toBeLessThanOrEqual(3);
  expect(calls).not.toContain('PutItem');
});

it('lets a page expire once it is full, and the last one never: numbers are not given again', async () => {
  const { events, clock, table } = await world.freshTable();
  for (const number of range(0, 17)) await events.append('me', blocked(number));
  const [first, last] = (await pagesIn(table)).sort((one, other) =>
    (one['sk']?.S ?? '') < (other['sk']?.S ?? '') ? -1 : 1,
  );
  expect(Number(first?.['expires_at']?.N)).toBe(Math.ceil(clock.now() / 1000) + 30 * 86_400);
  expect(last?.['expires_at']).toBeUndefined();
  const { next_cursor } = await events.list({ owner: 'me', cursor: null, limit: 100 });
  clock.advance(31 * 86_400);
  await events.append('me', blocked(17, clock.now()));
  for (const cursor of [null, '3', next_cursor])
    expect(await events.list({ owner: 'me', cursor, limit: 100 })).toMatchObject({
      events: [{ event_id: blocked(17).event_id }],
      next_cursor: '2002',
    });
});

it('stops a reader at a page that it sees as it was, or not at all, whatever it sees of the next', async () => {
  const now_ms = epoch_ms + 40 * 86_400_000;
  const read = async (...pages: { number: number; size: number; opened_at_ms?: number }[]): Promise<string[]> => {
    const rows = pages.map(({ number, size, opened_at_ms = now_ms - 60_000 }) => {
      return { sk: String(number), opened_at_ms, entries: range(0, size).map((at) => `${number}.${at}`) };
    });
    async function* query(): AsyncGenerator<Page> {
      yield { rows, count: rows.length, last: undefined };
    }
    const inbox = createInbox({ query } as unknown as Table, { now: () => now_ms }, 30);
    const found: string[] = [];
    for await (const entries of inbox.read('me', { page: 1, entries: 14 })) found.push(...idsOf(entries));
    return found;
  };
  expect(await read({ number: 1, size: 16 }, { number: 2, size: 1 })).toEqual(['1.14', '1.15', '2.0']);
  expect(await read({ number: 1, size: 15 }, { number: 2, size: 1 })).toEqual(['1.14']);
  expect(await read({ number: 2, size: 1 })).toEqual([]);
  // So long ago that the page before has expired.
  expect(await read({ number: 2, size: 1, opened_at_ms: now_ms - 31 * 86_400_000 })).toEqual(['2.0']);
});

it('takes an event once of ten processes that bring it at the same time, and says so to one', async () => {
  const { events, another } = await world.freshTable();
  await events.append('me', blocked(0));
  const processes = Array.from({ length: 10 }, () => another().events);
  for (const number of [1, 2]) {
    const fresh = await Promise.all(processes.map((one) => one.append('me', blocked(number))));
    expect(fresh.filter(Boolean)).toHaveLength(1);
  }
  const { events: read } = await events.list({ owner: 'me', cursor: null, limit: 99 });
  expect(idsOf(read)).toEqual(idsOf(range(0, 3).map((number) => blocked(number))));
});

it('knows its own append again when the answer was lost', async () => {
  const { events } = await world.freshTable();
  expect(await events.append('me', blocked(0))).toBe(true);
  let cut = false;
  fault = ({ action }) => {
    if (cut || action !== 'dynamodb:UpdateItem') return undefined;
    cut = true;
    return 'cut_after';
  };
  expect(await events.append('me', blocked(1))).toBe(true);
  expect(await events.append('me', blocked(1))).toBe(false);
  const { events: read } = await events.list({ owner: 'me', cursor: null, limit: 9 });
  expect(idsOf(read)).toEqual(idsOf([blocked(0), blocked(1)]));
});
