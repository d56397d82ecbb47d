import { afterEach, describe, expect, it } from 'vitest';
import { answers, fails, startBody } from '../support/world.ts';
import { adopt, type EngineWorld, type EngineWorldOptions, engineWorld } from './engine-world.ts';

const worlds: EngineWorld[] = [];
const made = (options?: EngineWorldOptions): EngineWorld => {
  const world = engineWorld(options);
  worlds.push(world);
  return world;
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const done = answers({ state: 'FINISHED' });
const nothingLeft = async (world: EngineWorld): Promise<void> => {
  await world.timers.rest();
  expect([world.engine().schedules(), [...world.engine().active()]]).toEqual([0, []]);
};
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
const run = (number: number): string => `/runs/${number}`;

describe('a job', () => {
  it('is started, checked at 0, 3, 9, 21, 45 s and then every interval, settled, told once, and forgotten by the queue', async () => {
    const world = made();
    world.script.status = (_url, number) => (number < 7 ? answers({ state: 'RUNNING' }) : done);
    const { job_id } = await world.start(startBody({ expected_seconds: 300 }));
    expect(world.engine().schedules()).toBe(1);
    await world.advance(200);
    expect(world.looks()).toEqual([0, 3, 9, 21, 45, 75, 105]);
    expect(await world.read(job_id)).toMatchObject({ status: 'complete', checks: 7 });
    expect((await world.inbox()).map(({ type, data }) => [type, data.job_id])).toEqual([['job.settled', job_id]]);
    expect(world.told.map(({ target }) => target)).toEqual(['ops']);
    expect(world.logged.event).toHaveLength(1);
    await nothingLeft(world);
    await world.advance(86_400);
    expect([world.looks().length, world.told.length, world.calls.length]).toEqual([7, 1, 8]);
  });

  it('of a minute or more is checked by its heartbeat at exactly the due time', async () => {
    const world = made();
    await world.start(adopt(1, { expected_seconds: 600, timeout_seconds: 3600 }));
    await world.advance(500);
    expect(world.looks()).toEqual([3, 9, 21, 45, 93, 153, 213, 273, 333, 393, 453]);
    await world.advance(100);
    expect(world.looks().slice(-2)).toEqual([513, 573]);
  });

  it('is never called again once its end is saved, whatever wakes it', async () => {
    const world = made();
    world.script.status = () => done;
    const { job_id, generation_ms } = await world.start(adopt(1));
    await world.advance(3);
    const ref = { job_id, generation_ms };
    for (const carrier of ['chain', 'heartbeat'] as const)
      await world.engine().ports.ticks.send({ ...ref, carrier, expected_checks: null, due_at_ms: 0 });
    await world.cancel(job_id);
    await world.advance(3600);
    expect(world.calls).toHaveLength(1);
    await nothingLeft(world);
  });

  it('is cancelled within a moment also right after a check that saw nothing new', async () => {
    const world = made();
    const { job_id } = await world.start(adopt(1, { expected_seconds: 600 }));
    await world.advance(153.5);
    await world.cancel(job_id);
    await world.advance(0.1);
    expect(world.calls.filter(({ part }) => part === 'cancel')).toHaveLength(1);
    world.script.status = () => answers({ state: 'ABORTED' });
    await world.advance(60);
    expect(await world.read(job_id)).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    await nothingLeft(world);
  });

  it('that sees nothing new shares one unsynced commit with all checks of a twentieth of a second, on the chain or by heartbeat', async () => {
    for (const expected_seconds of [100, 600]) {
      const world = made();
      const jobs = 50;
      const body = { expected_seconds, timeout_seconds: 7200 };
      await Promise.all(numbers(jobs).map((number) => world.start(adopt(number, body))));
      await world.advance(60);
      const before = { ...world.database().counts };
      const looks = world.calls.length;
      await world.advance(expected_seconds);
      const rounds = (world.calls.length - looks) / jobs;
      expect(rounds).toBeGreaterThanOrEqual(9);
      const { durable, lazy, fsyncs } = world.database().counts;
      expect({ durable, fsyncs }).toEqual({ durable: before.durable, fsyncs: before.fsyncs });
      expect(lazy - before.lazy).toBeLessThanOrEqual(rounds + 1);
    }
  });

  it('is looked at when it is due after a kill, and not at once, once its last check has been noted', async () => {
    const world = made();
    await world.start(adopt(1, { expected_seconds: 100 }));
    await world.advance(60);
    const before = world.looks();
    const next = (before.at(-1) ?? 0) + 10;
    await world.kill();
    await world.boot();
    await world.advance(20);
    expect(world.looks()[before.length]).toBeCloseTo(next, 1);
  });
});

describe('the clock', () => {
  it('that jumps an hour back holds nothing up and sets nothing off', async () => {
    const world = made();
    world.script.status = (url) =>
      url === run(3) && world.looks(run(3)).length > 12 ? done : answers({ state: 'RUNNING' });
    await world.start(adopt(1, { expected_seconds: 100 }));
    await world.start(adopt(2, { expected_seconds: 600 }));
    await world.start(adopt(3, { expected_seconds: 30 }));
    await world.advance(60);
    const before = [1, 2].map((number) => world.looks(run(number)).length);
    world.timers.jump(-3600);
    await world.advance(120);
    const made_since = [1, 2].map((number, at) => world.looks(run(number)).length - (before[at] ?? 0));
    expect(made_since[0]).toBeGreaterThanOrEqual(11);
    expect(made_since[0]).toBeLessThanOrEqual(14);
    expect(made_since[1]).toBeGreaterThanOrEqual(1);
    expect(made_since[1]).toBeLessThanOrEqual(4);
    expect(world.engine().schedules()).toBe(2);
  });

  it('that jumps an hour forward costs one early check a job at most', async () => {
    const world = made();
    await world.start(adopt(1, { expected_seconds: 100, timeout_seconds: 86_400 }));
    await world.start(adopt(2, { expected_seconds: 600, timeout_seconds: 86_400 }));
    await world.advance(60);
    const before = [1, 2].map((number) => world.looks(run(number)).length);
    world.timers.jump(3600);
    await world.advance(120);
    const since = [1, 2].map((number, at) => world.looks(run(number)).length - (before[at] ?? 0));
    expect(since[0]).toBeGreaterThanOrEqual(11);
    expect(since[0]).toBeLessThanOrEqual(13);
    expect(since[1]).toBeGreaterThanOrEqual(1);
    expect(since[1]).toBeLessThanOrEqual(3);
  });
});

describe('a restart', () => {
  it('resumes every job where it was, and looks at each that is overdue once', async () => {
    const world = made();
    for (const number of numbers(20))
      await world.start(adopt(number, { expected_seconds: number % 2 === 0 ? 100 : 600, timeout_seconds: 86_400 }));
    await world.advance(160);
    await world.kill();
    await world.advance(3600);
    const before = world.calls.length;
    await world.boot();
    await world.advance(0.5);
    expect(world.calls.length - before).toBe(20);
    await world.advance(4);
    expect(world.calls.length - before).toBe(20);
    expect(new Set(world.calls.slice(before).map(({ url }) => url)).size).toBe(20);
    expect(world.engine().schedules()).toBe(20);
  });

  it('looks first at what is overdue the longest', async () => {
    const world = made();
    for (const number of numbers(6)) {
      await world.start(adopt(number, { expected_seconds: 100, timeout_seconds: 86_400 }));
      await world.advance(1.5);
    }
    // Due after 9 s and then every 10: the first at :09, the others 1.5 s after each other.
    await world.advance(53.4);
    await world.kill();
    const before = world.calls.length;
    await world.advance(3600);
    await world.boot();
    await world.advance(0.5);
    expect(world.calls.slice(before).map(({ url }) => url)).toEqual([4, 5, 6, 1, 2, 3].map(run));
  });

  it('keeps the due times of jobs that are not overdue', async () => {
    const world = made();
    world.script.status = (_url, number) => answers({ state: 'RUNNING', progress: number });
    await world.start(adopt(1, { expected_seconds: 600, timeout_seconds: 86_400 }));
    await world.advance(100);
    await world.kill();
    await world.boot();
    await world.advance(112.9);
    expect(world.looks()).toEqual([3, 9, 21, 45, 93, 153]);
    await world.advance(60);
    expect(world.looks()).toEqual([3, 9, 21, 45, 93, 153, 213]);
  });

  it('that was planned goes on at the very due time, and with the number of checks', async () => {
    const world = made();
    const { job_id } = await world.start(adopt(1, { expected_seconds: 600, timeout_seconds: 86_400 }));
    await world.advance(100);
    expect((await world.read(job_id)).checks).toBe(5);
    await world.stop();
    await world.boot();
    expect((await world.read(job_id)).checks).toBe(5);
    await world.advance(60);
    expect(world.looks()).toEqual([3, 9, 21, 45, 93, 153]);
    expect((await world.read(job_id)).checks).toBe(6);
  });

  it('pays what an ended job still owes, once, without a call', async () => {
    const world = made();
    world.script.status = () => done;
    const { job_id } = await world.start(adopt(1));
    world.engine().ports.events.append = () => Promise.reject(new Error('not now'));
    await world.advance(3.2);
    expect([...world.engine().active()].map(({ state }) => [state.status, state.owed.length])).toEqual([
      ['complete', 1],
    ]);
    await world.kill();
    await world.boot();
    await world.advance(1);
    expect([world.calls.length, world.told.length, (await world.inbox()).length]).toEqual([1, 1, 1]);
    expect((await world.read(job_id)).announcements).toMatchObject([{ state: 'delivered', attempts: 1 }]);
    await nothingLeft(world);
  });

  it('announces once what was published but not yet struck off', async () => {
    const world = made();
    world.script.status = () => done;
    await world.start(adopt(1));
    world.engine().ports.jobs.paid = () => new Promise(() => undefined);
    await world.advance(3.2);
    await world.kill();
    await world.boot();
    await world.advance(60);
    // The first delivery was made, and heard of: nothing is sent twice.
    expect([world.told.length, (await world.inbox()).length, world.logged.event.length]).toEqual([1, 1, 1]);
    await nothingLeft(world);
  });

  it('right after an announcement announces nothing again', async () => {
    const world = made();
    world.script.status = () => done;
    await world.start(adopt(1));
    await world.advance(3);
    await world.timers.rest();
    expect([world.told.length, [...world.engine().active()].map(({ state }) => state.owed)]).toEqual([1, [[]]]);
    await world.kill();
    await world.boot();
    await world.advance(60);
    expect([world.told.length, (await world.inbox()).length, world.logged.event.length]).toEqual([1, 1, 1]);
    await nothingLeft(world);
  });

  it('starts what was never claimed, once', async () => {
    const world = made();
    world.engine().ports.jobs.claimStarter = () => new Promise(() => undefined);
    void world.start(startBody());
    await world.timers.rest();
    await world.kill();
    await world.boot();
    await world.advance(10);
    expect(world.calls.filter(({ part }) => part === 'start')).toHaveLength(1);
    expect([...world.engine().active()].map(({ state }) => state.phase)).toEqual(['polling']);
  });

  it.each([0, 3600])('%i s after a start call was cut off says at once that nobody knows of it', async (seconds) => {
    const world = made();
    world.script.takes_ms = (part) => (part === 'start' ? 60_000 : 0);
    void world.start(startBody());
    await world.advance(5);
    await world.kill();
    await world.advance(seconds);
    await world.boot();
    await world.advance(0.1);
    expect((await world.inbox()).map(({ data }) => [data.status, data.reason])).toEqual([['failed', 'start_unknown']]);
    expect(world.calls.filter(({ part }) => part === 'start')).toHaveLength(1);
    await world.advance(1);
    await nothingLeft(world);
  });

  it('gives a job up whose check kills the process five times', async () => {
    const world = made();
    const { job_id } = await world.start(adopt(1, { timeout_seconds: 86_400 }));
    world.script.takes_ms = () => 60_000;
    let deaths = 0;
    for (; (await world.read(job_id)).status === 'running' && deaths < 20; deaths += 1) {
      await world.advance(70);
      await world.kill();
      await world.boot();
      await world.advance(1);
    }
    expect(await world.read(job_id)).toMatchObject({ status: 'failed', reason: 'internal_error' });
    expect(deaths).toBeGreaterThanOrEqual(5);
    expect(deaths).toBeLessThanOrEqual(6);
    await nothingLeft(world);
  });

  it('as often as anybody likes does not harm a quiet job, killed or stopped', async () => {
    const world = made();
    const { job_id } = await world.start(adopt(1, { expected_seconds: 600, timeout_seconds: 86_400 }));
    await world.advance(100);
    for (const number of numbers(12)) {
      if (number % 2 === 0) await world.stop();
      else await world.kill();
      await world.boot();
      await world.advance(61);
    }
    expect(await world.read(job_id)).toMatchObject({ status: 'running', phase: 'polling', warnings: [] });
    world.script.status = () => done;
    await world.advance(61);
    expect((await world.read(job_id)).status).toBe('complete');
    await nothingLeft(world);
  });
});

describe('a stop', () => {
  it('lets checks under way end and loses nothing of them', async () => {
    const world = made();
    world.script.takes_ms = () => 8_000;
    world.script.status = () => done;
    const { job_id } = await world.start(adopt(1));
    await world.advance(4);
    await world.stop();
    await world.boot();
    expect(await world.read(job_id)).toMatchObject({ status: 'complete' });
    await world.advance(3600);
    expect([world.calls.length, world.told.length, (await world.inbox()).length]).toEqual([1, 1, 1]);
  });

  it('begins no further check', async () => {
    const world = made();
    for (const number of numbers(5)) await world.start(adopt(number));
    await world.advance(2);
    await world.stop();
    await world.advance(3600);
    expect(world.calls).toEqual([]);
  });
});

describe('many jobs', () => {
  it('handed over at once share two commits, one fsynced while the others wait', async () => {
    const world = made();
    const jobs = await Promise.all(numbers(100).map((number) => world.start(adopt(number))));
    expect(new Set(jobs.map(({ job_id }) => job_id)).size).toBe(100);
    expect(world.database().counts).toMatchObject({ durable: 2, lazy: 0 });
  });

  it('cost one fsync each from the last answer to the announcement when they end alone, after the verdict and its event', async () => {
    const world = made();
    await world.start(adopt(1));
    world.script.status = () => done;
    const before = { ...world.database().counts };
    await world.advance(3);
    await world.timers.rest();
    expect(world.told).toHaveLength(1);
    const { fsyncs, durable, lazy } = world.database().counts;
    expect([fsyncs - before.fsyncs, durable - before.durable, lazy - before.lazy]).toEqual([1, 1, 3]);
  });

  it('that end at once share a commit for the verdicts, the events and the deliveries each, and strike off together', async () => {
    const world = made();
    await Promise.all(numbers(100).map((number) => world.start(adopt(number))));
    world.script.status = () => done;
    const before = { ...world.database().counts };
    await world.advance(3);
    await world.timers.rest();
    expect(world.told).toHaveLength(100);
    expect(world.database().counts.durable - before.durable).toBeLessThanOrEqual(3);
    // 100 deliveries, sixteen at once.
    expect(world.database().counts.lazy - before.lazy).toBeLessThanOrEqual(13);
    await world.advance(0.1);
    expect(world.database().counts.lazy - before.lazy).toBeLessThanOrEqual(14);
    await nothingLeft(world);
  });

  it('are checked 256 at once at most, the rest in line', async () => {
    const world = made();
    let most = 0;
    let open = 0;
    for (const number of numbers(600)) await world.start(adopt(number, { timeout_seconds: 86_400 }));
    world.script.takes_ms = () => {
      open += 1;
      most = Math.max(most, open);
      void world.timers.wait(400).then(() => {
        open -= 1;
      });
      return 400;
    };
    await world.advance(4.5);
    expect([most, world.calls.length]).toEqual([256, 600]);
  });
});

describe('a tick that fails', () => {
  it('is made again by the heartbeat after 1, 5, 15 and then every 60 s, until it works', async () => {
    const world = made();
    world.script.status = () => done;
    await world.start(adopt(1));
    const at: number[] = [];
    const began_ms = world.timers.now();
    world.engine().ports.events.append = () => {
      at.push((world.timers.now() - began_ms) / 1000);
      return Promise.reject(new Error('not now'));
    };
    await world.advance(205);
    expect(at).toEqual([3, 4, 9, 24, 84, 144, 204]);
    expect(world.logged.ticks.filter(({ result }) => result instanceof Error)).toHaveLength(7);
    expect(world.calls).toHaveLength(1);
  });

  it('costs a running job one check', async () => {
    const world = made();
    await world.start(adopt(1, { expected_seconds: 100 }));
    await world.advance(25);
    let failed = 0;
    world.script.status = (_url) => {
      failed += 1;
      if (failed === 1) throw new Error('a fault of ours');
      return answers({ state: 'RUNNING' });
    };
    await world.advance(60);
    const gaps = world
      .looks()
      .slice(1)
      .map((at, number) => at - (world.looks()[number] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(25);
    expect(world.looks().length).toBeGreaterThanOrEqual(7);
  });

  it('is no reason to give a job up: whatever failed, the process lives', async () => {
    const world = made();
    const { job_id } = await world.start(adopt(1, { expected_seconds: 100, timeout_seconds: 86_400 }));
    let broken = true;
    world.script.status = () => {
      if (broken) throw new Error('a fault of ours');
      return done;
    };
    await world.advance(1800);
    expect((await world.read(job_id)).status).toBe('running');
    broken = false;
    await world.advance(76);
    expect((await world.read(job_id)).status).toBe('complete');
    await nothingLeft(world);
  });
});

describe('an unreachable remote side', () => {
  it('costs backed-off checks, and the job goes on when it is seen again', async () => {
    const world = made();
    world.script.status = () => fails('connection_reset');
    const { job_id } = await world.start(adopt(1, { expected_seconds: 100, timeout_seconds: 86_400 }));
    await world.advance(600);
    expect(await world.read(job_id)).toMatchObject({ status: 'running', phase: 'unreachable' });
    world.script.status = () => done;
    await world.advance(61);
    expect((await world.inbox()).map(({ type }) => type)).toEqual(['job.unreachable', 'job.overdue', 'job.settled']);
    await nothingLeft(world);
  });
});
