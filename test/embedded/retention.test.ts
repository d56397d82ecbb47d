import { afterEach, expect, it } from 'vitest';
import { answers } from '../support/world.ts';
import { adopt, type EngineWorld, engineWorld } from './engine-world.ts';

const worlds: EngineWorld[] = [];
const made = (): EngineWorld => {
  const world = engineWorld({ configuration: { retention_days: 2 } });
  worlds.push(world);
  return world;
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const counts = ({ sql }: ReturnType<EngineWorld['database']>): number[] =>
  ['jobs', 'events', 'deliveries', 'kinds'].map((table) =>
    Number(sql.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']),
  );
const day = 86_400;

it('forgets jobs that settled longer ago, with their events, deliveries and kinds, and the key with them', async () => {
  const world = made();
  world.script.status = () => answers({ state: 'FINISHED' });
  const { job_id, generation_ms } = await world.start(adopt(1), 'the-key');
  await world.advance(4);
  expect(counts(world.database())).toEqual([1, 1, 1, 1]);
  await world.advance(2 * day - 3600);
  expect((await world.start(adopt(1), 'the-key')).generation_ms).toBe(generation_ms);
  await world.advance(2 * 3600);
  expect(counts(world.database())).toEqual([0, 0, 0, 0]);
  await expect(world.read(job_id)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  const next = await world.start(adopt(1), 'the-key');
  expect([next.job_id, next.generation_ms > generation_ms]).toEqual([job_id, true]);
});

it('gives no event the place in the inbox of one that was forgotten, also after a restart', async () => {
  const world = made();
  world.script.status = () => answers({ state: 'FINISHED' });
  await world.start(adopt(1));
  await world.advance(4);
  const cursorAfter = async (cursor: string | null) =>
    (await world.engine().ports.events.list({ owner: 'me', cursor, limit: 5 })).next_cursor;
  expect(await cursorAfter(null)).toBe('1');
  await world.advance(3 * day);
  expect(counts(world.database())).toEqual([0, 0, 0, 0]);
  await world.kill();
  await world.boot();
  await world.start(adopt(2));
  await world.advance(4);
  expect(await cursorAfter('1')).toBe('2');
});

it('keeps what runs, however old, and what ended late, however early it began', async () => {
  const world = made();
  world.script.status = (url) =>
    answers(
      { state: url === '/runs/2' && world.timers.now() > late_ms ? 'FINISHED' : 'RUNNING' },
      { retry_after_seconds: 7200 },
    );
  const late_ms = world.timers.now() + 5 * day * 1000;
  const slow = { expected_seconds: 500_000, timeout_seconds: 6.9 * day };
  const running = await world.start(adopt(1, slow));
  const ended = await world.start(adopt(2, slow));
  await world.advance(6 * day);
  expect((await world.read(running.job_id)).status).toBe('running');
  expect((await world.read(ended.job_id)).status).toBe('complete');
});

it('forgets thousands, a few hundred in a commit', async () => {
  const world = made();
  const { sql } = world.database();
  world.script.status = () => answers({ state: 'FINISHED' });
  await world.start(adopt(1));
  await world.advance(4);
  const clone = (table: string, columns: string, values: string): void =>
    sql.exec(
      `WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 3200)
       INSERT INTO ${table} (${columns}) SELECT ${values} FROM ${table}, number`,
    );
  const id = "printf('job_%026d', 100000 + n)";
  clone(
    'jobs',
    'job_id, owner, kind, kind_number, status, active, generation_ms, settled_at_ms, record, hot, seen',
    `${id}, owner, kind, kind_number, status, active, generation_ms, settled_at_ms, record, hot, seen`,
  );
  clone('events', 'event_id, job_id, owner, event', `event_id || n, ${id}, owner, event`);
  expect(counts(world.database())).toEqual([3201, 3201, 1, 1]);
  const before = world.database().counts.lazy;
  await world.advance(2 * day + 3600);
  expect(counts(world.database())).toEqual([0, 0, 0, 0]);
  expect(world.database().counts.lazy - before).toBe(7);
});
