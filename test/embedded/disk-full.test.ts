import { afterEach, expect, it } from 'vitest';
import type { ApiOptions } from '../../lib/api/api-options.ts';
import { createApi } from '../../lib/api/create-api.ts';
import { startRoutes } from '../../lib/api/start-route.ts';
import type { Job } from '../../lib/core/job.ts';
import { createSqliteJobStore } from '../../lib/embedded/sqlite-job-store.ts';
import { fetchOf } from '../support/fetch-of.ts';
import { answers } from '../support/world.ts';
import { adopt, type EngineWorld, engineWorld, settingsOf } from './engine-world.ts';

const worlds: EngineWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

/** From now on the file may not grow by a page: SQLite answers with the error of a full disk. */
function fillDisk({ sql }: ReturnType<EngineWorld['database']>): () => void {
  const pages = Number(sql.prepare('PRAGMA page_count').get()?.['page_count']);
  sql.exec(`PRAGMA max_page_count = ${pages}`);
  return () => sql.exec('PRAGMA max_page_count = 1000000');
}
/** What memory may know better than the file: claims. */
const stored = ({ state, ...job }: Job) => ({
  ...job,
  state: { ...state, checks: 0, claimed_at_ms: 0, lease_until_ms: 0, next_check_at_ms: 0, unsaved_claims: 0 },
});
function expectMemoryLikeFile(world: EngineWorld): void {
  const file = [...createSqliteJobStore(world.database(), world.timers).takeUp(0)].flat().map(stored);
  const memory = [...world.engine().active()].map(stored);
  const byId = (left: Job, right: Job): number => (left.job_id < right.job_id ? -1 : 1);
  expect(memory.sort(byId)).toEqual(file.sort(byId));
}

it('answers 503 while the disk is full, keeps nothing by halves, and goes on when there is space', async () => {
  const world = engineWorld();
  worlds.push(world);
  const options: ApiOptions = {
    ports: world.engine().ports,
    settings: settingsOf({}),
    engine: 'embedded',
    version: '0.0.0-test',
    ownerOf: () => 'me',
  };
  const fetch = fetchOf(createApi(options, [startRoutes]));
  const post = async (number: number) => {
    const request = new Request('http://127.0.0.1:4646/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `run-${number}` },
      body: JSON.stringify(adopt(number)),
    });
    const response = await fetch(request);
    const { job_id, code, detail } = (await response.json()) as { job_id?: string; code?: string; detail?: string };
    const retry_after = response.headers.get('retry-after');
    return { number, status: response.status, retry_after, job_id, code, detail };
  };
  const first = await Promise.all(numbers(30).map(post));
  expect(new Set(first.map(({ status }) => status))).toEqual(new Set([202]));

  const makeSpace = fillDisk(world.database());
  const full = await Promise.all(numbers(60).map((number) => post(100 + number)));
  const refused = full.filter(({ status }) => status === 503);
  const taken = full.filter(({ status }) => status === 202);
  expect(refused.length).toBeGreaterThan(40);
  expect(refused.length + taken.length).toBe(60);
  for (const { code, retry_after, detail } of refused) {
    expect([code, Number(retry_after) > 0]).toEqual(['UNAVAILABLE', true]);
    expect(detail).toContain('the disk is full');
  }
  expect(await world.engine().ports.jobs.countActive('me', 1000)).toBe(30 + taken.length);
  expect(world.engine().schedules()).toBe(30 + taken.length);
  expectMemoryLikeFile(world);

  // Every job ends now, and cannot be written, for ten minutes.
  world.script.status = () => answers({ state: 'FINISHED', figures: 'x'.repeat(3000) });
  await world.advance(600);
  expectMemoryLikeFile(world);
  expect([...world.engine().active()].length).toBeGreaterThan(0);

  makeSpace();
  await world.advance(180);
  expect([[...world.engine().active()], world.engine().schedules()]).toEqual([[], 0]);
  const acknowledged = [...first, ...taken].flatMap(({ job_id }) => job_id ?? []);
  for (const job_id of acknowledged) expect(await world.read(job_id)).toMatchObject({ status: 'complete' });
  const inbox = await world.inbox();
  expect(inbox.map(({ data }) => data.job_id).sort()).toEqual([...acknowledged].sort());
  expect(world.told.map(({ event_id }) => event_id).sort()).toEqual(inbox.map(({ event_id }) => event_id).sort());

  const [again] = refused;
  expect(await post(again?.number ?? 0)).toMatchObject({ status: 202 });
});
