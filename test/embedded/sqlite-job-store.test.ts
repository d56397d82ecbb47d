import { expect, it } from 'vitest';
import { type Job, refOf } from '../../lib/core/job.ts';
import type { Database } from '../../lib/embedded/database.ts';
import { createSqliteJobStore } from '../../lib/embedded/sqlite-job-store.ts';
import { aJob, epoch_ms, owedBy, settledState } from '../contracts/records.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { temporaryDatabase } from '../support/temporary-database.ts';

type Write = { go: () => Promise<void>; durability: string };

/** A real file whose writes are counted, and can be held back or refused by the test. */
function gated() {
  const real = temporaryDatabase();
  const writes: Write[] = [];
  const timers = manualTimers();
  let held = false;
  let refused = 0;
  const database: Database = {
    ...real,
    write: async (change, durability) => {
      const opened = Promise.withResolvers<void>();
      const go = () => {
        opened.resolve();
        return Promise.resolve();
      };
      writes.push({ go, durability });
      if (!held) await go();
      await opened.promise;
      await real.write(() => {
        change();
        if (refused > 0) {
          refused -= 1;
          throw new Error('refused');
        }
      }, durability);
    },
  };
  return {
    database,
    writes,
    timers,
    store: createSqliteJobStore(database, timers),
    /** Holds writes back from now on; returns how to let them all go. */
    hold: () => {
      held = true;
      return () => {
        held = false;
        for (const { go } of writes) void go();
      };
    },
    refuse: (number: number) => {
      refused = number;
    },
    /** The jobs as another process would find them. */
    reread: () =>
      [...createSqliteJobStore(real, manualTimers()).takeUp(0)]
        .flat()
        .sort((left, right) => (left.job_id < right.job_id ? -1 : 1)),
  };
}
const turns = async (number = 5): Promise<void> => {
  for (let turn = 0; turn < number; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const claimOf = (job: Job, checks: number) => ({
  ref: refOf(job),
  expected_checks: checks,
  proven: true,
  now_ms: epoch_ms,
  lease_until_ms: epoch_ms + 45_000,
  next_check_at_ms: epoch_ms + 30_000,
  unsaved_claims: 1,
});
const saveOf = (job: Job, progress_pct: number) => ({
  ref: refOf(job),
  expected_checks: null,
  state: { progress_pct },
  owe: [],
});
const settleOf = (job: Job) => ({
  ref: refOf(job),
  expected_checks: null,
  state: settledState,
  owe: [owedBy(job)],
});

it('shows a job to nobody before it is on disk: not to a reader, not to a second create', async () => {
  const { store, hold } = gated();
  const release = hold();
  const first = store.create(aJob());
  let second: string | undefined;
  void store.create(aJob()).then(({ created }) => {
    second = created ? 'created' : 'found';
  });
  await turns();
  expect([await store.load(aJob().job_id), second, [...store.active()]]).toEqual([undefined, undefined, []]);
  release();
  expect((await first).created).toBe(true);
  await turns();
  expect(second).toBe('found');
});

it('lets the next create have its turn when the one before could not be written', async () => {
  const { store, refuse, reread } = gated();
  refuse(1);
  const results = await Promise.allSettled([store.create(aJob()), store.create(aJob()), store.create(aJob())]);
  expect(results.map((one) => (one.status === 'fulfilled' ? one.value.created : 'refused'))).toEqual([
    'refused',
    true,
    false,
  ]);
  expect(await store.countActive('me', 1000)).toBe(1);
  expect(reread()).toEqual([aJob()]);
});

it('shows an end to nobody before it is on disk', async () => {
  const { store, hold } = gated();
  const { job } = await store.create(aJob());
  const release = hold();
  const ended = store.save(settleOf(job));
  await turns();
  expect((await store.load(job.job_id))?.state.status).toBe('running');
  release();
  await ended;
  expect((await store.load(job.job_id))?.state.status).toBe('complete');
});

it('builds no change on one that could not be written: memory and file stay equal', async () => {
  const { store, refuse, reread } = gated();
  const { job } = await store.create(aJob());
  refuse(1);
  const results = await Promise.allSettled([
    store.save(settleOf(job)),
    store.save(saveOf(job, 40)),
    store.wishCancel(refOf(job), epoch_ms),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect([...store.active()]).toEqual(reread());
  expect((await store.load(job.job_id))?.state).toMatchObject({
    status: 'running',
    owed: [],
    progress_pct: 40,
    cancel_requested_at_ms: epoch_ms,
  });
});

it('writes nothing for claims, whatever their number', async () => {
  const { store, writes } = gated();
  const { job } = await store.create(aJob());
  for (let checks = 0; checks < 100; checks += 1) expect((await store.claim(claimOf(job, checks))).written).toBe(true);
  expect(writes).toHaveLength(1);
});

it('writes the first claim after a start of the process, and a claim that fails does not count for it', async () => {
  const { store, database, writes } = gated();
  const { job } = await store.create(aJob());
  const next = createSqliteJobStore(database, manualTimers());
  expect([...next.takeUp(0)].flat()).toHaveLength(1);
  expect((await next.claim(claimOf(job, 7))).written).toBe(false);
  expect(writes).toHaveLength(1);
  expect((await next.claim(claimOf(job, 0))).written).toBe(true);
  expect(writes.map(({ durability }) => durability)).toEqual(['durable', 'lazy']);
  await next.claim(claimOf(job, 1));
  expect(writes).toHaveLength(2);
});

it('makes a check that died with its process at once, and from the second time on at its pace', async () => {
  const { store, database, reread } = gated();
  const { job } = await store.create(aJob());
  const dueAfter = async (checks: number): Promise<number | undefined> => {
    const next = createSqliteJobStore(database, manualTimers());
    const [found] = [...next.takeUp(0)].flat();
    await next.claim({ ...claimOf(job, checks), unsaved_claims: (found?.state.unsaved_claims ?? 0) + 1 });
    return reread()[0]?.state.next_check_at_ms;
  };
  expect([await dueAfter(0), await dueAfter(1)]).toEqual([epoch_ms, epoch_ms + 30_000]);
});

it('fsyncs creates, starter claims, handles, wishes, and ends that owe nothing; what is owed is fsynced with its event', async () => {
  const { store, writes } = gated();
  const job = aJob({ starts: true });
  await store.create(job);
  await store.claimStarter(refOf(job), epoch_ms);
  await store.save({ ...saveOf(job, 1), handle: { id: 'run-1' } });
  await store.wishCancel(refOf(job), epoch_ms);
  await store.save({ ...saveOf(job, 1), owe: [owedBy(job, 0, 'blocked')] });
  await store.save({ ...saveOf(job, 2), state: settledState });
  expect(writes.map(({ durability }) => durability)).toEqual([
    ...Array.from({ length: 4 }, () => 'durable'),
    'lazy',
    'durable',
  ]);
  writes.length = 0;
  const quiet = aJob({ number: 2 });
  await store.create(quiet);
  await store.save(saveOf(quiet, 50));
  expect(writes.map(({ durability }) => durability)).toEqual(['durable', 'lazy']);
});

it('writes nothing for a wish that is there already, and for an event that is paid', async () => {
  const { store, writes } = gated();
  const { job } = await store.create(aJob());
  await store.wishCancel(refOf(job), epoch_ms);
  await store.wishCancel(refOf(job), epoch_ms + 1);
  await store.paid(refOf(job), 'evt_never_owed');
  expect(writes).toHaveLength(2);
});

it('keeps in memory what runs or owes, and lets go of the rest a moment later', async () => {
  const { store, reread } = gated();
  const { job } = await store.create(aJob());
  await store.save(settleOf(job));
  expect(store.peek(job.job_id)?.state.status).toBe('complete');
  await store.paid(refOf(job), owedBy(job).event_id);
  expect(store.peek(job.job_id)?.state.owed).toEqual([]);
  expect(reread()).toHaveLength(1);
  await store.stop();
  expect([store.peek(job.job_id), [...store.active()], reread()]).toEqual([undefined, [], []]);
  expect((await store.load(job.job_id))?.state.status).toBe('complete');
});

it('writes what was struck off of many jobs together, a moment later, and again when there is space', async () => {
  const { store, writes, refuse, timers, reread } = gated();
  const all = [1, 2, 3].map((number) => aJob({ number }));
  for (const job of all) {
    await store.create(job);
    await store.save(settleOf(job));
  }
  writes.length = 0;
  for (const job of all) await store.paid(refOf(job), owedBy(job).event_id);
  await timers.advance(0.04);
  expect(writes).toEqual([]);
  refuse(1);
  await timers.advance(0.02);
  expect([writes.length, reread().length]).toEqual([1, 3]);
  await timers.advance(15.1);
  expect([writes.length, reread().length, [...store.active()]]).toEqual([2, 0, []]);
});

it('writes again what was struck off while the last was written', async () => {
  const { store, hold, timers, reread } = gated();
  const { job } = await store.create(aJob());
  await store.save({ ...saveOf(job, 1), owe: [owedBy(job, 0, 'blocked')] });
  await store.save(settleOf(job));
  await store.paid(refOf(job), owedBy(job, 0, 'blocked').event_id);
  const release = hold();
  await timers.advance(0.06);
  await store.paid(refOf(job), owedBy(job).event_id);
  release();
  await turns();
  expect([reread().length, store.peek(job.job_id)?.state.owed]).toEqual([1, []]);
  await timers.advance(0.06);
  expect([reread(), [...store.active()]]).toEqual([[], []]);
});

it('leaves what was struck off to a write of the job that is under way', async () => {
  const { store, writes, hold, timers, reread } = gated();
  const { job } = await store.create(aJob());
  await store.save({ ...saveOf(job, 1), owe: [owedBy(job, 0, 'blocked')] });
  await store.paid(refOf(job), owedBy(job, 0, 'blocked').event_id);
  const release = hold();
  writes.length = 0;
  const saved = store.save({ ...saveOf(job, 50) });
  await turns();
  await timers.advance(0.06);
  expect(writes).toHaveLength(1);
  release();
  await saved;
  expect([reread()[0]?.state.owed, reread()[0]?.state.progress_pct]).toEqual([[], 50]);
  expect(store.peek(job.job_id)?.state.progress_pct).toBe(50);
  await timers.advance(0.06);
  expect(writes).toHaveLength(1);
});

it('frees whoever waits for a check when its tick has ended, without a write', async () => {
  const { store, writes } = gated();
  const { job } = await store.create(aJob());
  const claimed = await store.claim({ ...claimOf(job, 0), unsaved_claims: 3 });
  store.ended(refOf(job), 7);
  expect(store.peek(job.job_id)).toBe(claimed.job);
  store.ended(refOf(job), 1);
  expect(store.peek(job.job_id)?.state).toMatchObject({ lease_until_ms: 0, unsaved_claims: 0, checks: 1 });
  expect(writes).toHaveLength(1);
});

it('writes the checks made since the last write when the engine stops, in one commit', async () => {
  const { store, database, writes, reread } = gated();
  for (const number of [1, 2, 3]) await store.create(aJob({ number }));
  for (const checks of [0, 1, 2]) {
    await store.claim(claimOf(aJob({ number: 1 }), checks));
    store.ended(refOf(aJob({ number: 1 })), checks + 1);
  }
  await store.claim(claimOf(aJob({ number: 2 }), 0));
  await store.save(saveOf(aJob({ number: 2 }), 5));
  // Under way: its loss is an early check.
  await store.claim(claimOf(aJob({ number: 3 }), 0));
  writes.length = 0;
  await store.stop();
  expect(writes).toHaveLength(1);
  expect(reread().map(({ state }) => state.checks)).toEqual([3, 1, 0]);
  await store.stop();
  expect(writes).toHaveLength(1);
  void database;
});
