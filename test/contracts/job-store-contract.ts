import { describe, expect, it } from 'vitest';
import { type Job, refOf, type StatePatch } from '../../lib/core/job.ts';
import type { Change, Claim, JobStore, ListQuery, Written } from '../../lib/ports.ts';
import { aJob, epoch_ms, frozen, jobId, owedBy, settledState } from './records.ts';

/** A store with nothing in it; `close` gives back what it holds. */
export type OpenJobStore = () => Promise<{ store: JobStore; close: () => Promise<void> }>;

const now_ms = epoch_ms + 10_000;
const other = (job: Job) => ({ job_id: job.job_id, generation_ms: job.generation_ms + 1 });
const claimOf = (job: Job, rest: Partial<Claim> = {}): Claim => ({
  ref: refOf(job),
  expected_checks: job.state.checks,
  proven: false,
  now_ms,
  lease_until_ms: now_ms + 45_000,
  next_check_at_ms: now_ms + 30_000,
  unsaved_claims: 1,
  ...rest,
});
const saveOf = (job: Job, rest: Partial<Change> = {}): Change => ({
  ref: refOf(job),
  expected_checks: null,
  state: {},
  owe: [],
  ...rest,
});
const settle = (job: Job, rest: Partial<Change> = {}): Change => saveOf(job, { state: settledState, ...rest });
const writes = (results: Written[]): number => results.filter(({ written }) => written).length;
const fifty = Array.from({ length: 50 }, (_, number) => number);

/**
 * What flow relies on, of any engine's JobStore. Records are values: what goes in is never written to, what came out
 * never changes; who got one may not write into it either.
 */
export function jobStoreContract(name: string, open: OpenJobStore): void {
  const given = (what: string, run: (store: JobStore) => Promise<void>): void =>
    it(what, async () => {
      const { store, close } = await open();
      try {
        await run(store);
      } finally {
        await close();
      }
    });
  const put = async (store: JobStore, job = aJob()): Promise<Job> => (await store.create(frozen(job))).job;
  const now = async (store: JobStore, { job_id }: Job): Promise<Job> => {
    const job = await store.load(job_id);
    if (job === undefined) throw new Error(`no ${job_id}`);
    return job;
  };

  describe(`${name} as a job store`, () => {
    describe('create and load', () => {
      given('writes a record and gives it back as it was', async (store) => {
        const job = aJob({ starts: true });
        expect(await store.create(frozen(job))).toEqual({ created: true, job });
        expect(await store.load(job.job_id)).toEqual(job);
      });
      given('knows nothing of a job that was never made', async (store) => {
        expect(await store.load(jobId(9))).toBeUndefined();
      });
      given('returns the record there is, changed as it may be by now, and writes nothing', async (store) => {
        const job = await put(store);
        await store.claim(claimOf(job));
        const again = await store.create(frozen(aJob({ made_at_ms: epoch_ms + 5, owner: 'somebody' })));
        expect([again.created, again.job.owner, again.job.state.checks]).toEqual([false, 'me', 1]);
      });
      given('returns a settled record as well', async (store) => {
        const job = await put(store);
        await store.save(settle(job));
        expect(await store.create(frozen(aJob()))).toMatchObject({
          created: false,
          job: { state: { status: 'complete' } },
        });
      });
      given('lets one of fifty racing creates win, and shows its record to all', async (store) => {
        const results = await Promise.all(
          fifty.map((number) => store.create(frozen(aJob({ made_at_ms: epoch_ms + number })))),
        );
        expect(results.filter(({ created }) => created)).toHaveLength(1);
        expect(new Set(results.map(({ job }) => job.generation_ms)).size).toBe(1);
      });
      given('keeps a record that is terminal from the beginning, with what it owes', async (store) => {
        const fresh = aJob();
        const job = { ...fresh, state: { ...fresh.state, ...settledState, owed: [owedBy(fresh)] } };
        await put(store, job);
        expect(await now(store, job)).toEqual(job);
        await store.paid(refOf(job), owedBy(fresh).event_id);
        expect(await store.countActive('me', 9)).toBe(0);
      });
    });

    describe('claim', () => {
      given('takes the next check number, the lease and the due time', async (store) => {
        const job = await put(store);
        const claimed = await store.claim(claimOf(job, { unsaved_claims: 3 }));
        expect(claimed).toMatchObject({
          written: true,
          job: {
            state: {
              checks: 1,
              claimed_at_ms: now_ms,
              lease_until_ms: now_ms + 45_000,
              next_check_at_ms: now_ms + 30_000,
              unsaved_claims: 3,
            },
          },
        });
        expect(await now(store, job)).toEqual(claimed.job);
      });
      given('fails for another number, and shows the record as it is', async (store) => {
        const job = await put(store);
        for (const expected_checks of [1, 2])
          expect(await store.claim(claimOf(job, { expected_checks }))).toEqual({ written: false, job });
        const { job: claimed } = await store.claim(claimOf(job));
        expect(await store.claim(claimOf(job, { expected_checks: 0, proven: true }))).toEqual({
          written: false,
          job: claimed,
        });
      });
      given('fails for another generation, and for a job that is not there', async (store) => {
        const job = await put(store);
        expect((await store.claim(claimOf(job, { ref: other(job) }))).written).toBe(false);
        expect(await store.claim(claimOf(aJob({ number: 9 })))).toEqual({ written: false, job: undefined });
        expect((await now(store, job)).state.checks).toBe(0);
      });
      given('fails while a lease is live, and not from the moment it ends', async (store) => {
        const job = await put(store);
        const { job: claimed } = await store.claim(claimOf(job));
        if (claimed === undefined) throw new Error('not claimed');
        const at = (ms: number) => store.claim(claimOf(claimed, { now_ms: ms, lease_until_ms: ms + 45_000 }));
        expect((await at(now_ms + 44_999)).written).toBe(false);
        expect((await at(now_ms + 45_000)).written).toBe(true);
      });
      given('passes a live lease when the tick proves that the check before has ended', async (store) => {
        const job = await put(store);
        await store.claim(claimOf(job));
        expect((await store.claim(claimOf(job, { expected_checks: 1, proven: true }))).written).toBe(true);
      });
      given('fails for a terminal job, proven or not', async (store) => {
        const job = await put(store);
        await store.save(settle(job));
        expect((await store.claim(claimOf(job))).written).toBe(false);
        expect((await store.claim(claimOf(job, { proven: true }))).written).toBe(false);
      });
      given('lets one of fifty racing claims win', async (store) => {
        const job = await put(store);
        expect(writes(await Promise.all(fifty.map(() => store.claim(claimOf(job, { proven: true })))))).toBe(1);
        expect((await now(store, job)).state.checks).toBe(1);
      });
    });

    describe('claimStarter', () => {
      given('gives the right to start to one of fifty', async (store) => {
        const job = await put(store, aJob({ starts: true }));
        const results = await Promise.all(fifty.map((number) => store.claimStarter(refOf(job), now_ms + number)));
        expect(writes(results)).toBe(1);
        expect((await now(store, job)).state.starter_claimed_until_ms).toBeGreaterThanOrEqual(now_ms);
      });
      given('gives it again only after it was given back', async (store) => {
        const job = await put(store, aJob({ starts: true }));
        await store.claimStarter(refOf(job), now_ms);
        expect((await store.claimStarter(refOf(job), now_ms + 99_000_000)).written).toBe(false);
        await store.save(saveOf(job, { state: { starter_claimed_until_ms: null } }));
        expect((await store.claimStarter(refOf(job), now_ms)).written).toBe(true);
      });
      given('fails once there is a handle, for a terminal job, and for another generation', async (store) => {
        const [begun, ended, fresh] = [1, 2, 3].map((number) => aJob({ number, starts: true })) as [Job, Job, Job];
        for (const job of [begun, ended, fresh]) await put(store, job);
        await store.save(saveOf(begun, { handle: { id: 'run-1' } }));
        await store.save(settle(ended));
        expect((await store.claimStarter(refOf(begun), now_ms)).written).toBe(false);
        expect((await store.claimStarter(refOf(ended), now_ms)).written).toBe(false);
        expect((await store.claimStarter(other(fresh), now_ms)).written).toBe(false);
        expect((await store.claimStarter(refOf(aJob({ number: 9 })), now_ms)).written).toBe(false);
      });
    });

    describe('save', () => {
      given('writes what is given and leaves the rest', async (store) => {
        const job = await put(store);
        const state: StatePatch = { phase: 'blocked', upstream_state: 'HELD', progress_pct: 40, warnings: ['w'] };
        const saved = await store.save(frozen(saveOf(job, { state })));
        expect(saved).toEqual({ written: true, job: { ...job, state: { ...job.state, ...state } } });
        expect(await now(store, job)).toEqual(saved.job);
      });
      given('writes handle and seen when they are given, and only then', async (store) => {
        const job = await put(store, aJob({ starts: true }));
        const seen = { message: 'm', observed: { a: [1, null, 'x'] }, result: 'r' };
        await store.save(frozen(saveOf(job, { handle: { id: 'run-7', n: 3 }, seen })));
        await store.save(saveOf(job, { state: { progress_pct: 1 } }));
        expect(await now(store, job)).toMatchObject({
          handle: { id: 'run-7', n: 3 },
          seen,
          state: { progress_pct: 1 },
        });
      });
      given('keeps how each of several ids stands, as many as one job may have', async (store) => {
        const job = await put(store, aJob({ starts: true }));
        const ids = Array.from({ length: 50 }, (_, number) => `AWdMSJJdEJKuq7RYQm${String(number).padStart(2, '0')}`);
        const each = ids.map((id, number) => ({
          id,
          status: number % 2 === 0 ? ('complete' as const) : ('running' as const),
          upstream_state: 'RUNNING',
          message: null,
          value: { id, state: 'RUNNING' },
        }));
        const seen = { message: null, observed: null, result: null, each };
        await store.save(frozen(saveOf(job, { handle: { benchResultIds: ids }, seen })));
        expect(await now(store, job)).toMatchObject({ handle: { benchResultIds: ids }, seen });
      });
      given('holds to the number it is given, and to none when that is null', async (store) => {
        const job = await put(store);
        await store.claim(claimOf(job));
        for (const expected_checks of [0, 2])
          expect((await store.save(saveOf(job, { expected_checks, state: { progress_pct: 1 } }))).written).toBe(false);
        expect((await now(store, job)).state.progress_pct).toBeNull();
        expect((await store.save(saveOf(job, { expected_checks: 1, state: { progress_pct: 2 } }))).written).toBe(true);
        expect((await store.save(saveOf(job, { state: { progress_pct: 3 } }))).written).toBe(true);
      });
      given('takes the next check with it, when it is to, and once', async (store) => {
        const job = await put(store, aJob({ starts: true }));
        const state = { claimed_at_ms: now_ms, lease_until_ms: now_ms + 45_000, unsaved_claims: 1 };
        const taking = saveOf(job, { expected_checks: 0, takes_check: true, state, handle: { id: 'run-7' } });
        const taken = await store.save(frozen(taking));
        expect(taken).toMatchObject({
          written: true,
          job: { handle: { id: 'run-7' }, state: { ...state, checks: 1 } },
        });
        expect(await now(store, job)).toEqual(taken.job);
        expect((await store.save(taking)).written).toBe(false);
        expect((await store.claim(claimOf(job, { proven: true }))).written).toBe(false);
        expect((await store.claim(claimOf(job, { proven: true, expected_checks: 1 }))).written).toBe(true);
      });
      given('fails for a terminal job, another generation and a job that is not there', async (store) => {
        const job = await put(store);
        expect((await store.save(saveOf(job, { ref: other(job), state: { progress_pct: 5 } }))).written).toBe(false);
        const { job: ended } = await store.save(settle(job));
        const late = { status: 'failed', reason: 'timed_out' } as const;
        expect(await store.save(saveOf(job, { state: late, owe: [owedBy(job)] }))).toEqual({
          written: false,
          job: ended,
        });
        expect(await store.save(saveOf(aJob({ number: 9 })))).toEqual({ written: false, job: undefined });
      });
      given('lets the first of fifty racing ends win, and keeps its words only', async (store) => {
        const job = await put(store);
        const results = await Promise.all(
          fifty.map((number) =>
            store.save(
              settle(job, {
                owe: [owedBy(job, number)],
                seen: { message: `end ${number}`, observed: null, result: null },
              }),
            ),
          ),
        );
        expect(writes(results)).toBe(1);
        const { state, seen } = await now(store, job);
        expect(state.owed).toHaveLength(1);
        expect(state.owed).toEqual([owedBy(job, Number(seen.message?.slice(4)))]);
      });
      given('adds to what is owed and never replaces it', async (store) => {
        const job = await put(store);
        await store.save(saveOf(job, { owe: [owedBy(job, 0, 'blocked')] }));
        await store.save(saveOf(job, { owe: [] }));
        await store.save(saveOf(job, { owe: [owedBy(job, 1, 'overdue'), owedBy(job, 2, 'failing')] }));
        expect((await now(store, job)).state.owed.map(({ type }) => type)).toEqual(['blocked', 'overdue', 'failing']);
      });
      given('loses nothing that is owed by saves that race', async (store) => {
        const job = await put(store);
        await Promise.all(fifty.map((number) => store.save(saveOf(job, { owe: [owedBy(job, number)] }))));
        expect(new Set((await now(store, job)).state.owed.map(({ event_id }) => event_id)).size).toBe(50);
      });
      given('never touches the wish to cancel, also one that came after its check began', async (store) => {
        const job = await put(store);
        await store.claim(claimOf(job));
        await store.wishCancel(refOf(job), now_ms);
        await store.save(saveOf(job, { expected_checks: 1, state: { progress_pct: 50 } }));
        expect((await now(store, job)).state).toMatchObject({ cancel_requested_at_ms: now_ms, progress_pct: 50 });
      });
    });

    describe('wishCancel', () => {
      given('writes the wish of a running job, and keeps the time of the first', async (store) => {
        const job = await put(store);
        expect((await store.wishCancel(refOf(job), now_ms)).job?.state.cancel_requested_at_ms).toBe(now_ms);
        expect((await store.wishCancel(refOf(job), now_ms + 5)).job?.state.cancel_requested_at_ms).toBe(now_ms);
      });
      given('keeps an accepted wish, and asks again after a declined one', async (store) => {
        const job = await put(store);
        await store.wishCancel(refOf(job), now_ms);
        await store.save(saveOf(job, { state: { cancel_outcome: 'accepted' } }));
        expect((await store.wishCancel(refOf(job), now_ms + 1)).job?.state).toMatchObject({
          cancel_requested_at_ms: now_ms,
          cancel_outcome: 'accepted',
        });
        await store.save(saveOf(job, { state: { cancel_outcome: 'declined' } }));
        expect((await store.wishCancel(refOf(job), now_ms + 2)).job?.state).toMatchObject({
          cancel_requested_at_ms: now_ms + 2,
          cancel_outcome: null,
        });
      });
      given('fails for a terminal job and another generation', async (store) => {
        const job = await put(store);
        expect((await store.wishCancel(other(job), now_ms)).written).toBe(false);
        await store.save(settle(job));
        expect((await store.wishCancel(refOf(job), now_ms)).written).toBe(false);
        expect((await now(store, job)).state.cancel_requested_at_ms).toBeNull();
      });
      given('takes no number from a check under way', async (store) => {
        const job = await put(store);
        const { job: claimed } = await store.claim(claimOf(job));
        await store.wishCancel(refOf(job), now_ms);
        expect((await now(store, job)).state).toEqual({ ...claimed?.state, cancel_requested_at_ms: now_ms });
      });
    });

    describe('paid', () => {
      given('strikes off one event and no other', async (store) => {
        const job = await put(store);
        await store.save(saveOf(job, { owe: [owedBy(job, 0), owedBy(job, 1), owedBy(job, 2)] }));
        const paid = await store.paid(refOf(job), owedBy(job, 1).event_id);
        expect(paid).toMatchObject({ written: true, job: { state: { owed: [owedBy(job, 0), owedBy(job, 2)] } } });
        expect((await now(store, job)).state.owed).toEqual([owedBy(job, 0), owedBy(job, 2)]);
      });
      given('does so for a terminal job, to the last one', async (store) => {
        const job = await put(store);
        await store.save(settle(job, { owe: [owedBy(job, 0), owedBy(job, 1)] }));
        for (const number of [0, 1])
          expect((await store.paid(refOf(job), owedBy(job, number).event_id)).written).toBe(true);
        expect(await now(store, job)).toMatchObject({ state: { status: 'complete', owed: [] } });
      });
      given('tells whoever pays again that nothing is owed', async (store) => {
        const job = await put(store);
        await store.save(settle(job, { owe: [owedBy(job)] }));
        const both = await Promise.all([1, 2].map(() => store.paid(refOf(job), owedBy(job).event_id)));
        expect(both.map((one) => [one.written, one.job?.state.owed])).toEqual([
          [true, []],
          [true, []],
        ]);
        expect(await store.paid(refOf(job), owedBy(job).event_id)).toMatchObject({
          written: true,
          job: { state: { owed: [] } },
        });
      });
      given('fails for another generation and a job that is not there', async (store) => {
        const job = await put(store);
        await store.save(saveOf(job, { owe: [owedBy(job)] }));
        expect((await store.paid(other(job), owedBy(job).event_id)).written).toBe(false);
        expect((await store.paid(refOf(aJob({ number: 9 })), 'evt_x')).written).toBe(false);
        expect((await now(store, job)).state.owed).toHaveLength(1);
      });
      given('strikes off all of fifty that race', async (store) => {
        const job = await put(store);
        await store.save(settle(job, { owe: fifty.map((number) => owedBy(job, number)) }));
        await Promise.all(fifty.map((number) => store.paid(refOf(job), owedBy(job, number).event_id)));
        expect((await now(store, job)).state.owed).toEqual([]);
      });
    });

    describe('countActive', () => {
      given(
        "counts the running jobs of one owner: not another's, nor those that have ended and owe nothing",
        async (store) => {
          for (const number of [1, 2, 3]) await put(store, aJob({ number }));
          await put(store, aJob({ number: 4, owner: 'you' }));
          await store.save(settle(aJob({ number: 2 }), { owe: [owedBy(aJob({ number: 2 }))] }));
          expect([2, 3]).toContain(await store.countActive('me', 9));
          await store.paid(refOf(aJob({ number: 2 })), owedBy(aJob({ number: 2 })).event_id);
          expect(await Promise.all(['me', 'you', 'nobody'].map((owner) => store.countActive(owner, 9)))).toEqual([
            2, 1, 0,
          ]);
          await Promise.all(fifty.map(() => store.create(frozen(aJob({ number: 1 })))));
          expect(await store.countActive('me', 9)).toBe(2);
        },
      );
      given('counts no further than it is asked to', async (store) => {
        for (const number of fifty) await put(store, aJob({ number }));
        for (const enough of [1, 7, 49, 50]) expect(await store.countActive('me', enough)).toBe(enough);
        expect(await store.countActive('me', 51)).toBe(50);
      });
    });

    describe('list', () => {
      const numbers = (page: { jobs: Job[] }): number[] => page.jobs.map(({ job_id }) => Number(job_id.slice(4)));
      const all = async (store: JobStore, query: ListQuery, between = async () => {}): Promise<number[]> => {
        const found: number[] = [];
        for (let cursor: string | null | undefined; cursor !== null; ) {
          const page = await store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
          expect(page.jobs.length).toBeLessThanOrEqual(query.limit);
          found.push(...numbers(page));
          cursor = page.next_cursor;
          await between();
        }
        return found;
      };
      const made = (number: number, rest: Parameters<typeof aJob>[0] = {}): Job =>
        aJob({ number, made_at_ms: epoch_ms + number, ...rest });

      given('shows the newest first, as it stands, whole', async (store) => {
        for (const number of [2, 3, 1]) await put(store, made(number));
        await store.claim(claimOf(made(3)));
        const page = await store.list({ owner: 'me', limit: 10 });
        expect(numbers(page)).toEqual([3, 2, 1]);
        expect(page.next_cursor).toBeNull();
        expect(page.jobs[0]).toEqual(await store.load(jobId(3)));
      });
      given('says that there is no more when the page is just full', async (store) => {
        for (const number of [1, 2]) await put(store, made(number));
        expect((await store.list({ owner: 'me', limit: 2 })).next_cursor).toBeNull();
        expect((await store.list({ owner: 'me', limit: 1 })).next_cursor).not.toBeNull();
        expect(await store.list({ owner: 'nobody', limit: 2 })).toEqual({ jobs: [], next_cursor: null });
      });
      given("filters by status and kind, and never shows another owner's", async (store) => {
        for (const number of [1, 2, 3, 4])
          await put(store, made(number, { kind: number % 2 === 0 ? 'http-lro' : 'http' }));
        await put(store, made(5, { owner: 'you' }));
        await store.save(settle(made(1)));
        await store.save(settle(made(2), { owe: [owedBy(made(2))] }));
        const mine = { owner: 'me', limit: 10 } as const;
        expect(numbers(await store.list({ ...mine, status: 'running' }))).toEqual([4, 3]);
        expect(numbers(await store.list({ ...mine, status: 'complete' }))).toEqual([2, 1]);
        expect(numbers(await store.list({ ...mine, kind: 'http' }))).toEqual([3, 1]);
        expect(numbers(await store.list({ ...mine, kind: 'http-lro', status: 'complete' }))).toEqual([2]);
        expect(numbers(await store.list({ ...mine, status: 'failed' }))).toEqual([]);
      });
      given('pages through jobs of one millisecond without a gap or a repeat', async (store) => {
        for (let number = 1; number <= 23; number += 1) await put(store, aJob({ number }));
        const found = await all(store, { owner: 'me', limit: 5 });
        expect([...found].sort((left, right) => left - right)).toEqual(Array.from({ length: 23 }, (_, at) => at + 1));
      });
      given('pages on from where it was while new jobs arrive', async (store) => {
        for (let number = 1; number <= 12; number += 1) await put(store, made(number));
        let next = 100;
        const found = await all(store, { owner: 'me', limit: 5 }, async () => {
          await put(store, made(next));
          next += 1;
        });
        expect(found).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
      });
      given("shows nothing of another owner's to a cursor that is not one's own", async (store) => {
        for (const number of [1, 2, 3, 4]) await put(store, made(number, { owner: number > 2 ? 'you' : 'me' }));
        const { next_cursor } = await store.list({ owner: 'you', limit: 1 });
        expect(numbers(await store.list({ owner: 'me', limit: 9, cursor: next_cursor ?? '' }))).toEqual([2, 1]);
      });
      given('rejects a cursor that it never made', async (store) => {
        await put(store);
        for (const cursor of ['', 'nonsense', '-1', '1.job_x', '99999999999999999999', "' OR 1=1 --"])
          await expect(store.list({ owner: 'me', limit: 5, cursor })).rejects.toMatchObject({
            code: 'INVALID_REQUEST',
            problems: [{ path: 'cursor' }],
          });
      });
    });

    describe('records', () => {
      given('stay as they were handed out, whatever is written afterwards', async (store) => {
        const created = await store.create(frozen(aJob({ starts: true })));
        const handed = [
          created.job,
          (await store.claimStarter(refOf(created.job), now_ms)).job,
          (await store.save(saveOf(created.job, { handle: { id: 'x' }, owe: [owedBy(created.job)] }))).job,
          (await store.claim(claimOf(created.job))).job,
          (await store.wishCancel(refOf(created.job), now_ms)).job,
          await store.load(created.job.job_id),
          ...(await store.list({ owner: 'me', limit: 1 })).jobs,
        ];
        const before = structuredClone(handed);
        await store.paid(refOf(created.job), owedBy(created.job).event_id);
        await store.save(settle(created.job, { owe: [owedBy(created.job, 1)] }));
        expect(handed).toEqual(before);
      });
    });
  });
}
