import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { refOf } from '../../../lib/core/job.ts';
import { ownedJob } from '../../../lib/flow/get-job.ts';
import { aJob, anEvent, epoch_ms, owedBy } from '../../contracts/records.ts';
import type { DynamoFrontOptions } from '../dynamo-front.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { claimOf, saveOf, saw, settleOf } from './jobs.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
let stale: NonNullable<DynamoFrontOptions['stale']> = () => false;
let hold: NonNullable<DynamoFrontOptions['hold']> = () => undefined;
beforeAll(async () => {
  world = await dynamoWorld({ stale: (call) => stale(call), hold: (call) => hold(call) });
});
afterEach(() => {
  stale = () => false;
  hold = () => undefined;
});
afterAll(() => world.close());

/** Ten processes that know the job, each for itself. */
async function tenProcesses(starts = false) {
  const { store, anotherStore, table } = await world.freshTable();
  const { job } = await store.create(aJob({ starts }));
  const stores = Array.from({ length: 10 }, () => anotherStore());
  await Promise.all(stores.map((one) => one.load(job.job_id)));
  return { job, stores, store, table };
}

describe('many processes at once', () => {
  it('win fifty claims of one check once', async () => {
    const { job, stores, store } = await tenProcesses();
    const claims = stores.flatMap((one) => Array.from({ length: 5 }, () => one.claim(claimOf(job))));
    expect((await Promise.all(claims)).filter(({ written }) => written)).toHaveLength(1);
    expect((await store.load(job.job_id))?.state.checks).toBe(1);
  });
  it('settle a job once, and readers see the words of who did', async () => {
    const { job, stores, store } = await tenProcesses();
    const ends = stores.map((one, number) =>
      one.save(settleOf(job, { seen: saw(`end ${number}`), owe: [owedBy(job, number)] })),
    );
    const results = await Promise.all(ends);
    expect(results.filter(({ written }) => written)).toHaveLength(1);
    const winner = results.findIndex(({ written }) => written);
    expect(await store.load(job.job_id)).toMatchObject({
      seen: saw(`end ${winner}`),
      state: { owed: [owedBy(job, winner)] },
    });
    // The losers were shown the same.
    expect(new Set(results.map((result) => result.job?.seen.message))).toEqual(new Set([`end ${winner}`]));
  });
  it('cannot change what is seen of a settled job', async () => {
    const { job, stores } = await tenProcesses();
    const [first, late] = stores;
    if (first === undefined || late === undefined) throw new Error('no stores');
    await first.save(settleOf(job, { seen: saw('the end') }));
    const lost = await late.save(saveOf(job, {}, { seen: saw('a late look'), handle: { id: 'another' } }));
    expect(lost).toMatchObject({ written: false, job: { seen: saw('the end'), handle: job.handle } });
    expect(await late.load(job.job_id)).toMatchObject({ seen: saw('the end'), handle: job.handle });
  });
  it('do not write over what one of them is about to refer to', async () => {
    const { job, stores } = await tenProcesses();
    const [slow, quick] = stores;
    if (slow === undefined || quick === undefined) throw new Error('no stores');
    await quick.save(saveOf(job, {}, { seen: saw('before') }));
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    hold = ({ action }) => {
      if (action !== 'dynamodb:UpdateItem') return undefined;
      hold = () => undefined;
      reached.resolve();
      return released.promise;
    };
    const saving = slow.save(saveOf(job, {}, { seen: saw('slowly') }));
    await reached.promise;
    await quick.load(job.job_id);
    await quick.save(saveOf(job, {}, { seen: saw('quickly') }));
    released.resolve();
    expect(await saving).toMatchObject({ written: true, job: { seen: saw('slowly') } });
    for (const one of [quick, slow]) expect((await one.load(job.job_id))?.seen).toEqual(saw('slowly'));
  });
  it('share the last events of an ended job between them, and the job leaves the active ones', async () => {
    const { job, stores, store, table } = await tenProcesses();
    await store.save(settleOf(job, { owe: stores.map((_, number) => owedBy(job, number)) }));
    await Promise.all(stores.map((one) => one.load(job.job_id)));
    await Promise.all(stores.map((one, number) => one.paid(refOf(job), owedBy(job, number).event_id)));
    expect((await store.load(job.job_id))?.state.owed).toEqual([]);
    const active = (await world.front.items(table)).filter(({ active_shard }) => active_shard !== undefined);
    expect(active).toEqual([]);
  });
});

describe('a read that trails the last write', () => {
  /** The state as it was before its last write; what never changes was written long ago. */
  const trails: typeof stale = () => (key) => key['sk']?.S === 'HOT';
  it('finds a job that was just made all the same', async () => {
    const { store, anotherStore } = await world.freshTable();
    const { job } = await store.create(aJob());
    stale = () => true;
    expect(await anotherStore().load(job.job_id)).toEqual(job);
  });
  it('finds what was seen, when the state was read without it', async () => {
    const { store, anotherStore } = await world.freshTable();
    const { job } = await store.create(aJob());
    await store.save(saveOf(job, {}, { seen: saw('just now') }));
    stale = () => (key) => key['sk']?.S !== 'HOT';
    expect((await anotherStore().load(job.job_id))?.seen).toEqual(saw('just now'));
  });
  it('shows the job as it was, and its claim is refused with the job as it is', async () => {
    const { store, anotherStore } = await world.freshTable();
    const { job } = await store.create(aJob());
    await store.claim(claimOf(job));
    await store.save(settleOf(job, { seen: saw('the end') }));
    const trailing = anotherStore();
    stale = trails;
    const before = await trailing.load(job.job_id);
    expect(before?.state).toMatchObject({ status: 'running', checks: 1 });
    const claimed = await trailing.claim(claimOf(before ?? job));
    expect(claimed).toMatchObject({ written: false, job: { seen: saw('the end'), state: { status: 'complete' } } });
  });
  it('is not what who was told of the end comes to read', async () => {
    const { store, anotherStore } = await world.freshTable();
    const { job } = await store.create(aJob());
    await store.save(settleOf(job));
    stale = trails;
    expect((await anotherStore().load(job.job_id))?.state.status).toBe('running');
    const read = await ownedJob({ jobs: anotherStore() }, job.owner, job.job_id);
    expect(read.state.status).toBe('complete');
  });
  it('never forks the chain: the check of an old read is nobody’s', async () => {
    const { store, anotherStore } = await world.freshTable();
    const { job } = await store.create(aJob());
    await store.claim(claimOf(job));
    const trailing = anotherStore();
    stale = trails;
    expect((await trailing.load(job.job_id))?.state.checks).toBe(0);
    expect((await trailing.claim(claimOf(job))).written).toBe(false);
    stale = () => false;
    expect((await store.load(job.job_id))?.state.checks).toBe(1);
  });
  it('sees an old record whole while its place is written over', async () => {
    const { store, anotherStore, clock } = await world.freshTable();
    const { job } = await store.create(aJob());
    for (const words of ['one', 'two', 'three', 'four']) {
      await store.load(job.job_id);
      await store.save(saveOf(job, {}, { seen: saw(words) }));
      clock.advance(100);
    }
    stale = trails;
    expect(['three', 'four']).toContain((await anotherStore().load(job.job_id))?.seen.message);
  });
});

it('keeps owners apart whose names look alike', async () => {
  const { store, events } = await world.freshTable();
  const owners = ['a', 'a#0', 'a#job_1', 'OWNER#a', '#', 'é #0'];
  for (const [number, owner] of owners.entries()) {
    await store.create(aJob({ number, owner, made_at_ms: epoch_ms + number }));
    await events.append(owner, anEvent(aJob({ number, owner }), 0, 'blocked'));
  }
  for (const [number, owner] of owners.entries()) {
    expect(await store.countActive(owner, 9)).toBe(1);
    expect((await store.list({ owner, limit: 9 })).jobs.map(({ job_id }) => job_id)).toEqual([aJob({ number }).job_id]);
    expect((await events.list({ owner, cursor: null, limit: 9 })).events).toHaveLength(1);
  }
});
