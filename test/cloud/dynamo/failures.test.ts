import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoJobStore } from '../../../lib/aws/dynamo-job-store.ts';
import type { Job } from '../../../lib/core/job.ts';
import { refOf } from '../../../lib/core/job.ts';
import { aJob, anEvent, epoch_ms, owedBy } from '../../contracts/records.ts';
import type { ApiCall, Fault } from '../queues/api-call.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { claimOf, saveOf, saw, settleOf } from './jobs.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
let fault: (call: ApiCall) => Fault | undefined = () => undefined;
beforeAll(async () => {
  world = await dynamoWorld({ fault: (call) => fault(call) });
});
afterEach(() => {
  fault = () => undefined;
});
afterAll(() => world.close());

/** The n-th call (from 1) fails like this, the others pass. */
function nth(number: number, how: Fault): void {
  let calls = 0;
  fault = () => {
    calls += 1;
    return calls === number ? how : undefined;
  };
}
/** The process dies before or after the effect of its n-th call: nothing leaves it any more. */
function killed(number: number, side: 'before' | 'after'): void {
  let calls = 0;
  fault = () => {
    calls += 1;
    if (calls < number) return undefined;
    return calls === number && side === 'after' ? 'cut_after' : 'cut';
  };
}
const sides = ['before', 'after'] as const;
const busy = { code: 'UNAVAILABLE', retry_after_ms: 1000 };

/** Kills an operation at each of its calls, until it comes through; hands what is there then to `check`. */
async function atEveryCall(
  most: number,
  run: (
    number: number,
    side: 'before' | 'after',
  ) => Promise<{ operation: () => Promise<unknown>; check: () => Promise<void> }>,
): Promise<void> {
  for (const side of sides)
    for (let number = 1; number <= most; number += 1) {
      const { operation, check } = await run(number, side);
      killed(number, side);
      await expect(operation(), `${side} call ${number}`).rejects.toMatchObject(busy);
      fault = () => undefined;
      await check();
    }
}

describe('a process that dies', () => {
  it('leaves a job that is absent or whole, and can be created again', async () => {
    const job = { ...aJob({ starts: true }), seen: saw('at first') };
    await atEveryCall(3, async (number, side) => {
      const { anotherStore } = await world.freshTable();
      const check = async (): Promise<void> => {
        const found = await anotherStore().load(job.job_id);
        const committed = number === 3 && side === 'after';
        expect(found).toEqual(committed ? job : undefined);
        const again = await anotherStore().create(aJob({ starts: true, made_at_ms: epoch_ms + 99 }));
        expect(again.created).toBe(!committed);
        expect((await anotherStore().load(job.job_id))?.generation_ms).toBe(epoch_ms + (committed ? 0 : 99));
      };
      return { operation: () => anotherStore(1).create(job), check };
    });
  });

  it('leaves a job as it was or settled, with its words and what it owes, and nothing in between', async () => {
    const job = aJob({ starts: true });
    const seen = saw('the end');
    // Too long to stand in the state itself: three writes.
    const handle = { ids: Array.from({ length: 9 }, randomUUID) };
    await atEveryCall(3, async (number, side) => {
      const { store, anotherStore } = await world.freshTable();
      await store.create(job);
      const dying = anotherStore(1);
      await dying.load(job.job_id);
      const check = async (): Promise<void> => {
        const found = await anotherStore().load(job.job_id);
        if (number < 3 || side === 'before') return expect(found).toEqual(job);
        expect(found).toMatchObject({
          handle,
          seen,
          state: { status: 'complete', owed: [owedBy(job)] },
        });
      };
      return { operation: () => dying.save(settleOf(job, { handle, seen })), check };
    });
  });

  it('leaves an event that an append made again brings to the inbox once, ahead of every reader', async () => {
    const [first, dying] = [anEvent(aJob(), 0, 'blocked'), anEvent(aJob(), 1, 'blocked')];
    // Appended to a page; to a full one, which is turned.
    for (const [pause_seconds, others, calls] of [
      [1, 0, 3],
      [200, 0, 3],
      [1, 15, 5],
    ] as const)
      await atEveryCall(calls, async () => {
        const { events, another, clock } = await world.freshTable();
        await events.append('me', first);
        const filling = Array.from({ length: others }, (_, number) => anEvent(aJob(), 3 + number, 'blocked'));
        await Promise.all(filling.map((one) => events.append('me', one)));
        const check = async (): Promise<void> => {
          clock.advance(pause_seconds);
          await events.append('me', anEvent(aJob(), 2, 'blocked'));
          clock.advance(pause_seconds);
          const before = await events.list({ owner: 'me', cursor: null, limit: 50 });
          await events.append('me', dying);
          clock.advance(200);
          const after = await events.list({ owner: 'me', cursor: before.next_cursor, limit: 50 });
          const all = [...before.events, ...after.events].map(({ event_id }) => event_id);
          const written = Array.from(
            { length: 3 + others },
            (_, number) => anEvent(aJob(), number, 'blocked').event_id,
          );
          expect([...all].sort()).toEqual(written.sort());
        };
        return { operation: () => another(1).events.append('me', dying), check };
      });
  });
});

describe('an answer that is lost', () => {
  const withJob = async (
    starts = false,
  ): Promise<{ store: Awaited<ReturnType<typeof world.freshTable>>['store']; job: Job }> => {
    const { store } = await world.freshTable();
    return { store, job: (await store.create(aJob({ starts }))).job };
  };

  it('does not take a created job for somebody else’s', async () => {
    const { store } = await world.freshTable();
    nth(2, 'cut_after');
    expect(await store.create(aJob())).toEqual({ created: true, job: aJob() });
  });
  it('does not lose a claim that came through', async () => {
    const { store, job } = await withJob();
    nth(1, 'cut_after');
    expect(await store.claim(claimOf(job))).toMatchObject({ written: true, job: { state: { checks: 1 } } });
  });
  it('does not lose the one right to start', async () => {
    const { store, job } = await withJob(true);
    nth(1, 'fail_after');
    expect((await store.claimStarter(refOf(job), epoch_ms)).written).toBe(true);
  });
  it('does not lose a verdict, and adds it once', async () => {
    const { store, job } = await withJob();
    nth(2, 'cut_after');
    const settled = await store.save(settleOf(job, { seen: saw('the end') }));
    expect(settled).toMatchObject({ written: true, job: { seen: saw('the end'), state: { owed: [owedBy(job)] } } });
  });
  it('strikes an event off once', async () => {
    const { store, job } = await withJob();
    await store.save(settleOf(job));
    nth(1, 'cut_after');
    expect(await store.paid(refOf(job), owedBy(job).event_id)).toMatchObject({
      written: true,
      job: { state: { owed: [] } },
    });
  });
});

describe('a table that throttles', () => {
  it('is asked again, and nobody notices', async () => {
    const { store, anotherStore } = await world.freshTable();
    nth(2, 'throttle');
    expect((await store.create(aJob())).created).toBe(true);
    nth(1, 'fail');
    expect(await anotherStore().load(aJob().job_id)).toEqual(aJob());
  });
  it('fails with UNAVAILABLE when it goes on, for each operation, and changes nothing', async () => {
    const { another, anotherStore } = await world.freshTable();
    const { store, events, deliveries } = another(1);
    const { job } = await store.create(aJob());
    const event = anEvent(job);
    const state = { event_id: event.event_id, target: 'ops', state: 'pending', attempts: 0, last_error: null } as const;
    fault = () => 'throttle';
    for (const operation of [
      () => store.create(aJob({ number: 2 })),
      () => store.load(job.job_id),
      () => store.claim(claimOf(job)),
      () => store.save(settleOf(job)),
      () => store.paid(refOf(job), 'evt_1'),
      () => store.countActive('me', 1000),
      () => store.list({ owner: 'me', limit: 5 }),
      () => events.append('me', event),
      () => events.list({ owner: 'me', cursor: null, limit: 5 }),
      () => deliveries.put(job.job_id, state),
    ])
      await expect(operation()).rejects.toMatchObject(busy);
    fault = () => undefined;
    expect(await anotherStore().load(job.job_id)).toEqual(job);
    expect(await store.load(aJob({ number: 2 }).job_id)).toBeUndefined();
    expect((await events.list({ owner: 'me', cursor: null, limit: 5 })).events).toEqual([]);
  });
  it('leaves no half-written job when the state itself is not taken', async () => {
    const { anotherStore } = await world.freshTable();
    const store = anotherStore(1);
    let puts = 0;
    fault = () => {
      puts += 1;
      return puts > 1 ? 'throttle' : undefined;
    };
    await expect(store.create(aJob())).rejects.toMatchObject(busy);
    fault = () => undefined;
    expect(await anotherStore().load(aJob().job_id)).toBeUndefined();
    expect(await store.countActive('me', 1000)).toBe(0);
    expect(await store.list({ owner: 'me', limit: 5 })).toEqual({ jobs: [], next_cursor: null });
  });
});

describe('a deployment that is wrong', () => {
  it('names a missing table to the operator, not to the caller', async () => {
    const { clock } = await world.freshTable();
    const store = createDynamoJobStore({ documents: world.connect(), table: 'nowhere', clock });
    await expect(store.load(aJob().job_id)).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    await expect(store.save(saveOf(aJob(), { progress_pct: 1 }))).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
  });
});
