import { afterAll, beforeAll, expect, it } from 'vitest';
import { hotOf, jobOf, specPartOf } from '../../../lib/aws/dynamo-items.ts';
import { createJobList } from '../../../lib/aws/dynamo-job-list.ts';
import { activeKeys, endedKeys } from '../../../lib/aws/dynamo-layout.ts';
import type { Page, Selection, Table } from '../../../lib/aws/dynamo-table.ts';
import type { Job } from '../../../lib/core/job.ts';
import { aJob, anEvent, epoch_ms, owedBy } from '../../contracts/records.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { saveOf } from './jobs.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
beforeAll(async () => {
  world = await dynamoWorld();
});
afterAll(() => world.close());

it('reads what is owed in the order of its numbers, however the table keeps a map', () => {
  const job = aJob();
  const owed = [9, 10, 2].map((number) => owedBy(job, number));
  const hot = hotOf(
    { ...job, state: { ...job.state, owed } },
    { spec_ref: 's', handle_ref: 's', seen_ref: null },
    'w',
    30,
  );
  const read = jobOf(job.job_id, hot, new Map([['s', specPartOf(job)]]));
  expect(read?.state.owed).toEqual([2, 9, 10].map((number) => owedBy(job, number)));
});

it('leaves fields that are null out of the item, and reads them as null', () => {
  const job = aJob({ starts: true });
  const hot = hotOf(job, { spec_ref: 's', handle_ref: null, seen_ref: null }, 'w', 30);
  expect(Object.values(hot)).not.toContain(null);
  expect(jobOf(job.job_id, hot, new Map([['s', specPartOf(job)]]))).toEqual(job);
  expect(jobOf(job.job_id, hot, new Map())).toBeUndefined();
});

it('takes whatever a remote system says: cut characters, huge numbers, empty names, deep trees', async () => {
  const { store, anotherStore } = await world.freshTable();
  const { job } = await store.create(aJob());
  let deep: { '': unknown } | number = 1e300;
  for (let level = 0; level < 60; level += 1) deep = { '': deep };
  const seen = { message: 'cut \ud83d', observed: { deep, nothing: '', list: [[], {}] } as never, result: -0.000001 };
  const state = { upstream_state: 'half a pair \ud83d', last_error: '', warnings: ['\udc00 w', ''] };
  await store.save(saveOf(job, state, { seen }));
  const read = await anotherStore().load(job.job_id);
  expect(read?.seen).toEqual(seen);
  expect(read?.state).toMatchObject({
    upstream_state: 'half a pair \ufffd',
    last_error: '',
    warnings: ['\ufffd w', ''],
  });
});

it('shows jobs older than a thousand others that a filter hides, over several pages, in order and once each', async () => {
  const shardOf = (job: Job): string => activeKeys('me', job).active_shard;
  const quiet = shardOf(aJob({ number: 3 }));
  // One shard has only old jobs, all of the kind that is asked for; the others are new, and but for one are not.
  const jobs = Array.from({ length: 1000 }, (_, number) => aJob({ number })).map((job, number) => {
    const old = shardOf(job) === quiet;
    const kind = old || number === 503 ? 'rare' : 'http';
    return aJob({ number, kind, made_at_ms: old ? epoch_ms - number : epoch_ms + number });
  });
  const byId = new Map(jobs.map((job) => [job.job_id, job]));
  /** One entry a page, as if each had a megabyte; the newest of the old ones ends right now, and stands in both indexes. */
  async function* query({ IndexName, where, filter }: Selection): AsyncGenerator<Page> {
    const { ':shard': shard, ':first': first, ':last': last } = where.values;
    const active = IndexName === 'active-jobs';
    const sort = active ? 'active_job' : 'created';
    const mine = jobs
      .filter((job) => active || job === oldJobs[0])
      .map((job) => ({ job, row: { ...activeKeys('me', job), ...endedKeys('me', job) } }))
      .filter(({ row }) => (active ? row.active_shard : row.owner_shard) === shard)
      .filter(({ row }) => row[sort] >= String(first) && row[sort] <= String(last))
      .sort((left, right) => (left.row[sort] < right.row[sort] ? 1 : -1));
    for (const [at, { job, row }] of mine.entries()) {
      const hidden = filter !== undefined && job.spec.kind.name !== filter.values[':kind'];
      yield { rows: hidden ? [] : [row], count: 1, last: at === mine.length - 1 ? undefined : row };
    }
    if (mine.length === 0) yield { rows: [], count: 0, last: undefined };
  }
  const oldJobs = jobs.filter((job) => shardOf(job) === quiet);
  const { list } = createJobList({ query } as unknown as Table, async (job_id) => byId.get(job_id));
  const found: string[] = [];
  let pages = 0;
  for (let cursor: string | null | undefined; cursor !== null; pages += 1) {
    const page = await list({ owner: 'me', kind: 'rare', limit: 50, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.jobs.map(({ job_id }) => job_id));
    cursor = page.next_cursor;
  }
  expect(oldJobs.length).toBeGreaterThan(200);
  const one = aJob({ number: 503 });
  expect(shardOf(one)).not.toBe(quiet);
  expect(found).toEqual([one, ...oldJobs].map(({ job_id }) => job_id));
  expect(pages).toBeGreaterThan(5);
});

it('keeps what a target has got, whatever arrives late, twice or out of order', async () => {
  const { deliveries } = await world.freshTable();
  const event = anEvent(aJob());
  const { event_id, data } = event;
  const record = (state: 'pending' | 'delivered' | 'failed', attempts: number) =>
    deliveries.record(
      { target: 'ops', event },
      { state, attempts, last_error: state === 'delivered' ? null : 'HTTP 500' },
    );
  const stands = async () =>
    (await deliveries.list(data.job_id)).states.map(({ state, attempts }) => [state, attempts]);
  const fresh = { event_id, target: 'ops', state: 'pending', attempts: 0, last_error: null } as const;
  await deliveries.put(data.job_id, fresh);
  await record('pending', 2);
  await record('pending', 1);
  expect(await stands()).toEqual([['pending', 2]]);
  // Whoever made the second attempt died before it was sent on: it is made again, and may end the delivery.
  await record('failed', 2);
  expect(await stands()).toEqual([['failed', 2]]);
  await record('delivered', 2);
  await record('pending', 2);
  expect(await stands()).toEqual([['delivered', 2]]);
  await record('pending', 4);
  expect(await stands()).toEqual([['delivered', 2]]);
  await deliveries.put(data.job_id, fresh);
  expect(await stands()).toEqual([['delivered', 2]]);
});

it('takes the highest cursor there is for the end of the inbox', async () => {
  const { events } = await world.freshTable();
  await events.append('me', anEvent(aJob(), 0, 'blocked'));
  expect(await events.list({ owner: 'me', cursor: '9'.repeat(15), limit: 5 })).toMatchObject({
    events: [],
    has_more: false,
  });
});
