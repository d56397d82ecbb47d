import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tick } from '../../lib/ports.ts';
import type { Disturb } from '../support/carriers.ts';
import { adoptBody, answers, fails, type World, world } from '../support/world.ts';
import { expectAllOver, expectZeroRow } from '../support/zero-row.ts';

/** A small seeded generator (mulberry32): the same disturbances in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const onChain =
  (disturb: Disturb): Disturb =>
  (tick) =>
    tick.carrier === 'chain' ? disturb(tick) : [0];

/** Checks in each whole minute, without the first, in which the job ramps up. */
function perMinute(one: World, minutes: number): number[] {
  const counts = Array.from({ length: minutes }, () => 0);
  for (const second of one.statusCalls()) {
    const minute = Math.floor(second / 60);
    if (minute < minutes) counts[minute] = (counts[minute] ?? 0) + 1;
  }
  return counts.slice(1);
}
/** The most checks in any 60 seconds after the ramp. */
function mostInAMinute(one: World): number {
  const seconds = one.statusCalls().filter((second) => second >= 30);
  return Math.max(0, ...seconds.map((from) => seconds.filter((second) => second >= from && second < from + 60).length));
}
const tenSeconds = adoptBody({ expected_seconds: 100, timeout_seconds: 3600 });

async function tenMinutes(disturb: Disturb, body = tenSeconds): Promise<World> {
  const one = world({ disturb });
  await one.start(body);
  await one.advance(600);
  expectZeroRow(one);
  expect(one.crashes).toEqual([]);
  return one;
}

describe('one job every ten seconds, for ten minutes', () => {
  const random = seeded(7);
  it.each<[string, Disturb, number, number]>([
    ['undisturbed', () => [0], 6, 6],
    ['one tick in ten comes twice', () => (random() < 0.1 ? [0, random() * 5000] : [0]), 6, 6],
    ['every tick comes three times at once', () => [0, 0, 0], 6, 6],
    ['ticks come up to a second late', () => [random() * 1000], 5, 6],
    ['ticks overtake one another', () => [random() * 900, random() * 20_000], 5, 6],
    ['ticks come up to five seconds early', () => [-random() * 5000], 6, 8],
    ['heartbeats come twice, half a minute late', (tick) => (tick.carrier === 'chain' ? [0] : [0, 30_000]), 6, 6],
  ])('%s', async (_name, disturb, least, most) => {
    const one = await tenMinutes(disturb);
    const counts = perMinute(one, 10);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...counts)).toBeLessThanOrEqual(most);
    expect(mostInAMinute(one)).toBeLessThanOrEqual(8);
  });

  it('a lost tick costs a lease and a minute at most: the heartbeat goes on from the stored number', async () => {
    let lost = 0;
    const one = await tenMinutes(onChain((tick) => (tick.expected_checks === 10 && lost++ === 0 ? [] : [0])));
    const seconds = one.statusCalls();
    const gaps = seconds.map((second, position) => second - (seconds[position - 1] ?? second));
    expect(lost).toBe(1);
    expect(gaps.filter((gap) => gap > 10)).toHaveLength(1);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(45 + 60);
    expect(one.job([...one.jobs.keys()][0] ?? '').state.checks).toBe(seconds.length);
  });

  it('one tick in five is lost, and the job is watched all the same', async () => {
    const one = await tenMinutes(onChain(() => (random() < 0.2 ? [] : [0])));
    expect(one.statusCalls().length).toBeGreaterThan(12);
    expect(mostInAMinute(one)).toBeLessThanOrEqual(8);
  });

  it('without any chain the heartbeats carry the checks', async () => {
    const one = await tenMinutes(onChain(() => []));
    expect(perMinute(one, 10)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('without any heartbeat the chain does', async () => {
    const one = await tenMinutes((tick) => (tick.carrier === 'heartbeat' ? [] : [0]));
    expect(perMinute(one, 10)).toEqual([6, 6, 6, 6, 6, 6, 6, 6, 6]);
  });
});

describe('whatever happens to its ticks', () => {
  it('a job has one check in flight at most, never forks, and ends', async () => {
    const disturbances = fc.record({
      seed: fc.integer(),
      twice: fc.double({ min: 0, max: 0.5, noNaN: true }),
      lost: fc.double({ min: 0, max: 0.3, noNaN: true }),
      late_ms: fc.integer({ min: 0, max: 60_000 }),
      early_ms: fc.integer({ min: 0, max: 8000 }),
      answer_seconds: fc.integer({ min: 0, max: 10 }),
      failing: fc.double({ min: 0, max: 0.5, noNaN: true }),
      jump_seconds: fc.constantFrom(0, 0, 0, -3600, -20, 20, 3600),
      ends_after_seconds: fc.integer({ min: 0, max: 700 }),
      cancel_after_seconds: fc.option(fc.integer({ min: 0, max: 500 })),
    });
    await fc.assert(
      fc.asyncProperty(disturbances, async (given) => {
        const random = seeded(given.seed);
        const one = world({
          disturb: () => {
            if (random() < given.lost) return [];
            const one_ms = random() * (given.late_ms + given.early_ms) - given.early_ms;
            return random() < given.twice ? [one_ms, random() * given.late_ms] : [one_ms];
          },
        });
        one.remote.seconds = () => given.answer_seconds * random();
        let elapsed = 0;
        one.remote.status = () => {
          if (random() < given.failing) return random() < 0.5 ? fails('timeout') : answers({}, { http_status: 500 });
          return answers({ state: elapsed < given.ends_after_seconds ? 'RUNNING' : 'FINISHED' });
        };
        const starting = one.start(adoptBody({ expected_seconds: 100, timeout_seconds: 900 }));
        await one.advance(15);
        const job = await starting;
        for (elapsed = 15; elapsed < 720; elapsed += 15) {
          if (elapsed === 300) one.jump(given.jump_seconds);
          const { cancel_after_seconds } = given;
          if (cancel_after_seconds !== null && Math.floor(cancel_after_seconds / 15) * 15 === elapsed)
            await one.cancel(job.job_id);
          await one.advance(15);
        }
        expectZeroRow(one);
        // A wish may bring one check more, and hurries to one every five seconds until it is accepted and seen.
        expect(mostInAMinute(one)).toBeLessThanOrEqual(given.cancel_after_seconds === null ? 8 : 20);
        await one.advance(9000);
        expectAllOver(one);
      }),
      { numRuns: 300, seed: 20261121 },
    );
  });
});

describe('slow jobs, which the heartbeat carries', () => {
  const sends = (one: World): number => one.witnessed.calls.filter((name) => name === 'ticks.send').length;

  it('looks once a minute at a job of ten minutes or more, and sends no tick for it', async () => {
    const one = world();
    await one.start(adoptBody({ expected_seconds: 3600 }));
    await one.advance(180);
    const sent = sends(one);
    await one.advance(3600);
    expect(sends(one)).toBe(sent);
    expect(new Set(perMinute(one, 62).slice(2))).toEqual(new Set([1]));
    expectZeroRow(one);
  });

  it('looks every fifteen minutes where a kind asks for it', async () => {
    const one = world({
      configuration: {
        kinds: [
          {
            name: 'slow',
            transport: 'http',
            status: { url: '/slow/{id}' },
            handle: { id: 'id' },
            pace: { cap_seconds: 900, ramp: false },
            acceptors: [{ state: 'success', matcher: { path: 'done', expected: true, comparator: 'booleanEquals' } }],
          },
        ],
      },
    });
    const job = await one.start({ kind: 'slow', connection: 'ci', handle: { id: 'a' }, expected_seconds: 36_000 });
    expect(job.spec.interval_seconds).toBe(900);
    await one.advance(4 * 3600);
    const seconds = one.statusCalls();
    const gaps = seconds.slice(1).map((second, position) => second - (seconds[position] ?? 0));
    expect(gaps.every((gap) => gap >= 450 && gap <= 960)).toBe(true);
    expect(seconds.length).toBeGreaterThanOrEqual(15);
    expectZeroRow(one);
  });

  it('are carried by the chain where the heartbeat only watches every five minutes', async () => {
    const one = world({ watchdog_seconds: 300 });
    const job = await one.start(adoptBody({ expected_seconds: 600 }));
    expect(job.spec).toMatchObject({ interval_seconds: 60, heartbeat_seconds: 300 });
    await one.advance(600);
    expect(one.statusCalls().slice(0, 9)).toEqual([0, 3, 9, 21, 45, 93, 153, 213, 273]);
    expectZeroRow(one);
  });

  it('a heartbeat that comes twice looks once', async () => {
    const one = world({ disturb: (tick) => (tick.carrier === 'heartbeat' ? [0, 0, 10_000] : [0]) });
    await one.start(adoptBody({ expected_seconds: 3600 }));
    await one.advance(1800);
    expect(Math.max(...perMinute(one, 30))).toBeLessThanOrEqual(1);
    expectZeroRow(one);
  });

  it('settles soon after the deadline', async () => {
    const one = world();
    const job = await one.start(adoptBody({ expected_seconds: 3600, timeout_seconds: 1000 }));
    await one.advance(1000 + 120);
    expect(one.job(job.job_id).state.reason).toBe('timed_out');
    expectAllOver(one);
  });
});

describe('Retry-After', () => {
  it.each([
    ['a chain', 100],
    ['heartbeats', 3600],
  ])('beyond what a message can be delayed holds for %s, and one look follows', async (_name, expected_seconds) => {
    const one = world();
    one.remote.status = (_call, number) =>
      number === 2 ? answers({}, { http_status: 429, retry_after_seconds: 1800 }) : answers({ state: 'RUNNING' });
    await one.start(adoptBody({ expected_seconds, timeout_seconds: 7200 }));
    await one.advance(3 + 1800 + 180);
    const [, told, next] = one.statusCalls();
    expect((next ?? 0) - (told ?? 0)).toBeGreaterThanOrEqual(1800);
    expect((next ?? 0) - (told ?? 0)).toBeLessThanOrEqual(1800 + 75);
    expect(one.crashes).toEqual([]);
    expectZeroRow(one);
  });

  it.each([
    ['a chain', 100],
    ['heartbeats', 3600],
  ])('beyond the deadline does not put off the verdict: %s', async (_name, expected_seconds) => {
    const one = world();
    one.remote.status = () => answers({}, { http_status: 429, retry_after_seconds: 86_400 });
    const job = await one.start(adoptBody({ expected_seconds, timeout_seconds: 1800 }));
    await one.advance(1800 + 120);
    expect(one.job(job.job_id).state.status).toBe('failed');
    expectAllOver(one);
  });
});

describe('a clock that jumps', () => {
  const jumped = async (expected_seconds: number, seconds: number): Promise<{ one: World; after: number[] }> => {
    const one = world();
    await one.start(adoptBody({ expected_seconds, timeout_seconds: 80_000 }));
    await one.advance(400);
    one.jump(seconds);
    const before = one.calls.length;
    await one.advance(600);
    expectZeroRow(one);
    return { one, after: one.calls.slice(before).map((call) => call.at_ms - one.now() + 600_000) };
  };
  it.each([
    ['back', 100, -3600, 55, 65],
    ['forward', 100, 3600, 55, 65],
    ['back', 3600, -3600, 8, 11],
    ['forward', 3600, 3600, 9, 11],
    ['a little back', 100, -20, 50, 65],
    ['a little back', 3600, -40, 9, 11],
  ])(
    '%s: a job expected to take %i s (jump of %i s) is looked at as before',
    async (_name, expected, jump, least, most) => {
      const { after } = await jumped(expected, jump);
      expect(after.length).toBeGreaterThanOrEqual(least);
      expect(after.length).toBeLessThanOrEqual(most);
    },
  );

  it('back while a check is under way starts no second one', async () => {
    const one = world();
    await one.start(adoptBody({ expected_seconds: 3600, timeout_seconds: 80_000 }));
    await one.advance(238);
    one.remote.seconds = () => 8;
    await one.advance(4);
    one.jump(-10);
    await one.advance(300);
    expectZeroRow(one);
  });

  it('the deadline is the clock’s: a jump forward over it settles with one last look', async () => {
    const one = world();
    const job = await one.start(adoptBody({ expected_seconds: 100, timeout_seconds: 1800 }));
    await one.advance(300);
    const before = one.calls.length;
    one.jump(7200);
    await one.advance(60);
    expect(one.calls.length).toBe(before + 1);
    expect(one.job(job.job_id).state.reason).toBe('timed_out');
    expectAllOver(one);
  });
});

describe('ticks that mean nothing', () => {
  it('a tick of an earlier job with this id touches nothing', async () => {
    const one = world();
    const job = await one.start(adoptBody());
    const old: Tick = {
      job_id: job.job_id,
      generation_ms: job.generation_ms - 86_400_000,
      carrier: 'chain',
      expected_checks: 1,
      due_at_ms: one.now(),
    };
    const before = one.calls.length;
    await one.tick(old);
    await one.tick({ ...old, carrier: 'heartbeat', expected_checks: null });
    expect(one.calls.length).toBe(before);
    expect(one.schedules.size).toBe(1);
    expect(one.reports.map(({ outcome }) => outcome)).toEqual(['gone', 'gone']);
    expectZeroRow(one);
  });

  it('a tick after the end calls nobody', async () => {
    const one = world();
    one.remote.status = () => answers({ state: 'FINISHED' });
    const job = await one.start(adoptBody());
    const { job_id, generation_ms } = job;
    for (const expected_checks of [null, 0, 1, 2])
      await one.tick({ job_id, generation_ms, carrier: 'chain', expected_checks, due_at_ms: one.now() });
    expect(one.calls).toHaveLength(1);
    expect(one.told()).toEqual(['job.settled']);
    expectAllOver(one);
  });
});
