import { afterEach, expect, it } from 'vitest';
import { ConfigError } from '../../lib/core/errors.ts';
import { openDatabase } from '../../lib/embedded/database.ts';
import { type Engine, startEngine } from '../../lib/embedded/engine.ts';
import { createSqliteJobStore } from '../../lib/embedded/sqlite-job-store.ts';
import { aJob, epoch_ms, jobId } from '../contracts/records.ts';
import { fsyncAtOnce } from '../support/fsync-at-once.ts';
import { type ManualTimers, manualTimers } from '../support/manual-timers.ts';
import { noTools } from '../support/no-tools.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { settingsOf } from './engine-world.ts';

const close: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const one of close.splice(0).reverse()) await one();
});

/** A file with so many jobs, of which those numbered so are due; the others in an hour. */
async function fileWith(jobs: number, due: readonly number[]) {
  const directory = temporaryDirectory();
  close.push(directory.remove);
  const open = () => openDatabase(directory.path, { fsync: fsyncAtOnce });
  const database = open();
  const timers = manualTimers();
  const store = createSqliteJobStore(database, timers);
  const all = Array.from({ length: jobs }, (_, number) => aJob({ number }));
  await Promise.all(all.map((job) => store.create(job)));
  for (const [number, job] of all.entries()) {
    const { job_id, generation_ms } = job;
    const claim = { proven: true, now_ms: epoch_ms, lease_until_ms: epoch_ms, unsaved_claims: 1 };
    const next_check_at_ms = epoch_ms + (due.includes(number) ? 1 : 3_600_000);
    await store.claim({ ref: { job_id, generation_ms }, expected_checks: 0, ...claim, next_check_at_ms });
    store.ended({ job_id, generation_ms }, 1);
  }
  await store.stop();
  const reopened = () => {
    database.close();
    return open();
  };
  return { database, reopened };
}
function started(database: ReturnType<typeof openDatabase>): { engine: Engine; timers: ManualTimers } {
  const timers = manualTimers();
  const engine = startEngine({
    database,
    settings: settingsOf({}),
    timers,
    transports: {
      http: { call: () => new Promise(() => undefined) },
      mcp: noTools,
    },
    tell: () => undefined,
    observer: { tick: () => undefined, event: () => undefined, delivery: () => undefined },
  });
  return { engine, timers };
}

it('reads the jobs that are due first, each job once, and no more than a few hundred at a time', async () => {
  const { reopened } = await fileWith(600, [3, 599]);
  const database = reopened();
  close.push(database.close);
  const slices = [...createSqliteJobStore(database, manualTimers()).takeUp(epoch_ms + 1)];
  expect(slices.map((slice) => slice.length)).toEqual([2, 249, 250, 99]);
  expect(slices[0]?.map(({ job_id }) => job_id).sort()).toEqual([jobId(3), jobId(599)]);
  expect(new Set(slices.flat().map(({ job_id }) => job_id)).size).toBe(600);
});

it('begins with what is due before it has read the others, and is ready when it has', async () => {
  const { reopened } = await fileWith(600, [3, 599]);
  const { engine, timers } = started(reopened());
  close.push(() => void engine.stop());
  expect([...engine.active()]).toHaveLength(2);
  await engine.ready;
  expect([[...engine.active()].length, engine.schedules()]).toEqual([600, 600]);
  await timers.rest();
});

it('fails, in words for an operator, when a record that is not due cannot be read', async () => {
  const { database, reopened } = await fileWith(600, [3]);
  database.sql.exec(`UPDATE jobs SET hot = '{' WHERE job_id = '${jobId(598)}'`);
  const { engine } = started(reopened());
  close.push(() => void engine.stop());
  await expect(engine.ready).rejects.toSatisfy(
    (error) => error instanceof ConfigError && /is damaged or no untildone file/.test(error.message),
  );
});

it('stops while it is still reading', async () => {
  const { reopened } = await fileWith(600, []);
  const { engine } = started(reopened());
  await engine.stop();
  await engine.ready;
  expect([...engine.active()].length).toBeLessThan(600);
});
