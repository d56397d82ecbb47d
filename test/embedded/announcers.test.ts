import { afterEach, describe, expect, it } from 'vitest';
import type { Attempt } from '../../lib/embedded/sqlite-announcements.ts';
import { answers } from '../support/world.ts';
import { adopt, type EngineWorld, type EngineWorldOptions, engineWorld, hooks } from './engine-world.ts';

const worlds: EngineWorld[] = [];
function made(options: EngineWorldOptions = { configuration: { announce: hooks('ops', 'perf') } }): EngineWorld {
  const world = engineWorld(options);
  world.script.status = () => answers({ state: 'FINISHED' });
  worlds.push(world);
  return world;
}
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const failed = (error: string, rest: Partial<Extract<Attempt, { outcome: 'failed' }>> = {}): Attempt => ({
  outcome: 'failed',
  gone: false,
  error,
  retry_after_seconds: null,
  ...rest,
});
const delivered: Attempt = { outcome: 'delivered' };
const never = new Promise<Attempt>(() => undefined);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
/** Adopts jobs that end with their first check, and lets them. */
async function settled(world: EngineWorld, count = 1): Promise<string[]> {
  const ids: string[] = [];
  for (const number of numbers(count)) ids.push((await world.start(adopt(number))).job_id);
  await world.advance(3.5);
  return ids;
}
const seconds = (world: EngineWorld, target: string, from_ms: number): number[] =>
  world.told.filter((one) => one.target === target).map(({ at_ms }) => (at_ms - from_ms) / 1000);
const stateOf = async (world: EngineWorld, job_id = '', target = 'ops') =>
  (await world.read(job_id)).announcements.find((one) => one.target === target);

describe('a target', () => {
  it('that takes an event is told once, and the job says so', async () => {
    const world = made();
    const [job_id] = await settled(world);
    expect((await world.read(job_id ?? '')).announcements).toEqual(
      ['ops', 'perf'].map((target) =>
        expect.objectContaining({ target, state: 'delivered', attempts: 1, last_error: null }),
      ),
    );
    await world.advance(86_400);
    expect(world.told).toHaveLength(2);
  });

  it('that fails is tried after 5 s, 30 s, 2, 10, 30 min, 1 and 2 h with the same bytes, and then given up', async () => {
    const world = made();
    world.script.tell = (target, _event, number) => (target === 'ops' ? failed(`http_50${number}`) : delivered);
    const begun_ms = world.timers.now() + 3_000;
    const [job_id] = await settled(world);
    expect(await stateOf(world, job_id)).toMatchObject({ state: 'pending', attempts: 1, last_error: 'http_501' });
    await world.advance(6 * 3600);
    const at = seconds(world, 'ops', begun_ms);
    expect(at.slice(1).map((second, position) => second - (at[position] ?? 0))).toEqual([
      5, 30, 120, 600, 1800, 3600, 7200,
    ]);
    expect(new Set(world.told.filter(({ target }) => target === 'ops').map(({ body }) => body)).size).toBe(1);
    expect(await stateOf(world, job_id)).toMatchObject({ state: 'failed', attempts: 8, last_error: 'http_508' });
    expect(await stateOf(world, job_id, 'perf')).toMatchObject({ state: 'delivered', attempts: 1 });
    await world.advance(86_400);
    expect(seconds(world, 'ops', begun_ms)).toHaveLength(8);
  });

  it('that recovers is told, and the job says after how many attempts', async () => {
    const world = made();
    world.script.tell = (_target, _event, number) => (number < 3 ? failed('connection_refused') : delivered);
    const [job_id] = await settled(world);
    await world.advance(40);
    expect(await stateOf(world, job_id)).toMatchObject({ state: 'delivered', attempts: 3, last_error: null });
  });

  it('that is gone for good is told nothing more of that event', async () => {
    const world = made();
    world.script.tell = () => failed('http_410', { gone: true });
    const [job_id] = await settled(world);
    await world.advance(86_400);
    expect(world.told).toHaveLength(2);
    expect(await stateOf(world, job_id)).toMatchObject({ state: 'failed', attempts: 1, last_error: 'http_410' });
  });

  it('that asks for time gets it, two hours at most', async () => {
    const world = made();
    world.script.tell = (target) => failed('http_429', { retry_after_seconds: target === 'ops' ? 60 : 999_999 });
    const begun_ms = world.timers.now() + 3_000;
    await settled(world);
    await world.advance(7300);
    expect(seconds(world, 'ops', begun_ms).slice(0, 3)).toEqual([0, 60, 120]);
    expect(seconds(world, 'perf', begun_ms)).toEqual([0, 7200]);
  });

  it('whose carrier throws is tried again', async () => {
    const world = made();
    world.script.tell = (_target, _event, number) => {
      if (number === 1) throw new Error('a fault of ours');
      return delivered;
    };
    const [job_id] = await settled(world);
    await world.advance(6);
    expect(await stateOf(world, job_id)).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  it('that never answers holds neither jobs nor the other target, and has sixteen calls open at most', async () => {
    const world = made();
    world.script.tell = (target) => (target === 'ops' ? never : delivered);
    const ids = await settled(world, 40);
    expect(world.told.filter(({ target }) => target === 'ops')).toHaveLength(16);
    expect(world.told.filter(({ target }) => target === 'perf')).toHaveLength(40);
    expect([...world.engine().active()]).toEqual([]);
    for (const job_id of ids) expect((await world.read(job_id)).status).toBe('complete');
  });
});

describe('deliveries', () => {
  it('are not made again when their event is published again', async () => {
    const world = made({});
    await settled(world);
    const [event] = await world.inbox();
    if (event === undefined) throw new Error('no event');
    for (const _time of [1, 2]) await world.engine().ports.announcements.publish(event, ['ops']);
    await world.advance(60);
    expect(world.told).toHaveLength(1);
  });

  it('are told as the inbox has it of an event that says something else when it is published again', async () => {
    const world = made({});
    await settled(world);
    const [event] = await world.inbox();
    if (event === undefined) throw new Error('no event');
    const { events, announcements } = world.engine().ports;
    const stored = { ...event, event_id: `${event.event_id}x` };
    await events.append('me', stored);
    await announcements.publish({ ...stored, timestamp: '2001-01-01T00:00:00.000Z' }, ['ops']);
    await world.advance(1);
    expect(world.told.at(-1)?.body).toBe(JSON.stringify(stored));
  });

  it('are taken up after a restart at their time, with their count and the same bytes', async () => {
    const world = made({});
    world.script.tell = (_target, _event, number) => (number < 5 ? failed('timeout') : delivered);
    const begun_ms = world.timers.now() + 3_000;
    const [job_id] = await settled(world);
    await world.advance(40);
    expect(seconds(world, 'ops', begun_ms)).toEqual([0, 5, 35]);
    await world.kill();
    await world.boot();
    await world.advance(100);
    expect(seconds(world, 'ops', begun_ms)).toEqual([0, 5, 35]);
    await world.advance(20);
    expect(seconds(world, 'ops', begun_ms)).toEqual([0, 5, 35, 155]);
    await world.stop();
    await world.advance(3600);
    await world.boot();
    expect(await stateOf(world, job_id)).toMatchObject({ state: 'delivered', attempts: 5 });
    expect(new Set(world.told.map(({ body }) => body)).size).toBe(1);
  });

  it('that were under way when the process was killed are made again, with the same id and bytes', async () => {
    const world = made({});
    world.script.tell = () => never;
    await settled(world);
    await world.kill();
    world.script.tell = () => delivered;
    await world.boot();
    await world.advance(1);
    expect(world.told).toHaveLength(2);
    expect(new Set(world.told.map(({ event_id, body }) => `${event_id} ${body}`)).size).toBe(1);
  });

  it('to a target that is no longer configured are given up, and say why', async () => {
    const world = made();
    world.script.tell = () => failed('timeout');
    const [job_id] = await settled(world);
    await world.stop();
    await world.boot({ announce: hooks('perf') });
    await world.advance(60);
    expect(await stateOf(world, job_id)).toMatchObject({
      state: 'failed',
      last_error: 'no such target is configured any more',
    });
    expect(await stateOf(world, job_id, 'perf')).toMatchObject({ state: 'pending' });
  });

  it('wait no longer than the longest rest when the clock was set back meanwhile', async () => {
    const world = made({});
    world.script.tell = (_target, _event, number) => (number === 1 ? failed('timeout') : delivered);
    await settled(world);
    await world.stop();
    world.timers.jump(-30 * 86_400);
    await world.boot();
    await world.advance(7201);
    expect(world.told).toHaveLength(2);
  });

  it('that a full disk could not note are noted when there is space again', async () => {
    const world = made({});
    const answer = Promise.withResolvers<Attempt>();
    world.script.tell = () => answer.promise;
    const [job_id] = await settled(world);
    const { write } = world.database();
    world.database().write = () => Promise.reject(new Error('the disk is full'));
    answer.resolve(delivered);
    await world.advance(20);
    world.database().write = write;
    await world.advance(20);
    expect(await stateOf(world, job_id)).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(world.told).toHaveLength(1);
  });
});
