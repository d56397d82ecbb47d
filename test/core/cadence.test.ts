import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backedOffSeconds,
  carrierOf,
  chainCarries,
  checkBudgetMs,
  heartbeatEvery,
  intervalSeconds,
  leaseMs,
  rampedSeconds,
  timeoutSeconds,
} from '../../lib/core/cadence.ts';
import type { Pace } from '../../lib/core/kind.ts';

describe('intervalSeconds', () => {
  it.each<[number, Pace, number]>([
    [1, {}, 3],
    [30, {}, 3],
    [34, {}, 3],
    [35, {}, 4],
    [300, {}, 30],
    [599, {}, 60],
    [630, {}, 60],
    [604_800, {}, 60],
    [6000, { cap_seconds: 900 }, 600],
    [604_800, { cap_seconds: 900 }, 900],
    [600, { cap_seconds: 20 }, 20],
    [1, { floor_seconds: 10 }, 10],
    [1, { floor_seconds: 1 }, 3],
    [600, { floor_seconds: 90 }, 90],
    [600, { interval_seconds: 5 }, 5],
    [1, { interval_seconds: 900 }, 900],
    [600, { interval_seconds: 5, floor_seconds: 10 }, 10],
    [30, { interval_seconds: 1 }, 1],
  ])('an expectation of %i s at pace %o is looked at every %i s', (expected, pace, interval) => {
    expect(intervalSeconds(expected, pace)).toBe(interval);
  });
});

describe('rampedSeconds', () => {
  it('goes 3, 6, 12, 24, 48, then the interval', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((k) => rampedSeconds(k, 60, {}))).toEqual([3, 6, 12, 24, 48, 60, 60]);
  });
  it.each<[number, number, Pace, number]>([
    [0, 30, { ramp: false }, 30],
    [0, 30, { floor_seconds: 10 }, 10],
    [1, 30, { floor_seconds: 10 }, 10],
    [2, 30, { floor_seconds: 10 }, 12],
    [0, 1, { interval_seconds: 1 }, 1],
    [-1, 30, {}, 3],
    [200_000, 30, {}, 30],
  ])('delay %i at an interval of %i s and pace %o is %i s', (k, interval, pace, delay) => {
    expect(rampedSeconds(k, interval, pace)).toBe(delay);
  });
});

describe('backedOffSeconds', () => {
  it.each([
    [3, [3, 3, 6, 12, 24, 48, 60, 60]],
    [30, [30, 30, 60, 60]],
    [60, [60, 60, 60]],
    [600, [600, 600, 600]],
  ])('%i s becomes %o with each failed check', (delay, delays) => {
    expect(delays.map((_, errors) => backedOffSeconds(delay, errors))).toEqual(delays);
  });
});

describe('timeoutSeconds', () => {
  it.each<[number | undefined, number | undefined, number | null, number]>([
    [90, 600, 1000, 90],
    [undefined, 600, 1000, 600],
    [undefined, undefined, 1, 302],
    [undefined, undefined, 630, 1560],
    [undefined, undefined, null, 86_400],
    [undefined, undefined, 604_800, 604_800],
  ])('given %s, the kind’s %s, expected %s: %i s', (given, kinds, expected, seconds) => {
    expect(timeoutSeconds(given, kinds, expected)).toBe(seconds);
  });
});

describe('carrierOf', () => {
  it.each<[number, number, 'chain' | 'heartbeat']>([
    [3, 3, 'chain'],
    [59, 59, 'chain'],
    [30, 900, 'chain'],
    [30, 901, 'heartbeat'],
    [60, 3, 'chain'],
    [60, 48, 'chain'],
    [60, 60, 'heartbeat'],
    [60, 59.6, 'heartbeat'],
    [900, 900, 'heartbeat'],
    [900, 24, 'chain'],
    [900, 901, 'heartbeat'],
    [60, -5, 'chain'],
  ])('an interval of %i s and a delay of %d s ride the %s', (interval, delay, carrier) => {
    const heartbeat_seconds = heartbeatEvery(interval, 60);
    expect(carrierOf({ interval_seconds: interval, heartbeat_seconds }, delay)).toBe(carrier);
  });
});

describe('heartbeatEvery', () => {
  it.each<[number, number, number, boolean]>([
    [3, 60, 60, true],
    [59, 300, 300, true],
    [60, 60, 60, false],
    [61, 60, 120, false],
    [900, 60, 900, false],
    [60, 120, 120, true],
    [60, 300, 300, true],
    [240, 300, 300, true],
    [241, 300, 300, false],
    [900, 300, 900, false],
  ])(
    'with checks every %i s and a watch every %i s it is %i s, and the chain carries: %s',
    (interval_seconds, watchdog, every, chain) => {
      const heartbeat_seconds = heartbeatEvery(interval_seconds, watchdog);
      expect(heartbeat_seconds).toBe(every);
      expect(chainCarries({ interval_seconds, heartbeat_seconds })).toBe(chain);
    },
  );
});

it('lets no check outlive its lease', () => {
  expect(leaseMs).toBeGreaterThan(checkBudgetMs + 10_000);
});

describe('for any expectation and pace', () => {
  const aPace = fc.record(
    {
      floor_seconds: fc.integer({ min: 1, max: 900 }),
      cap_seconds: fc.integer({ min: 3, max: 900 }),
      ramp: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const expectation = fc.integer({ min: 1, max: 604_800 });

  it('never looks less often for a shorter expectation', () => {
    fc.assert(
      fc.property(expectation, expectation, aPace, (one, other, pace) => {
        const [short, long] = one < other ? [one, other] : [other, one];
        expect(intervalSeconds(short, pace)).toBeLessThanOrEqual(intervalSeconds(long, pace));
      }),
    );
  });
  it('stays between the floor and the cap', () => {
    fc.assert(
      fc.property(expectation, aPace, (expected, pace) => {
        const floor = Math.max(3, pace.floor_seconds ?? 3);
        const interval = intervalSeconds(expected, pace);
        expect(interval).toBeGreaterThanOrEqual(floor);
        expect(interval).toBeLessThanOrEqual(Math.max(floor, pace.cap_seconds ?? 60));
      }),
    );
  });
  it('ramps up to the interval, never beyond, never below the floor', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1000 }), expectation, aPace, (k, expected, pace) => {
        const interval = intervalSeconds(expected, pace);
        const delay = rampedSeconds(k, interval, pace);
        expect(delay).toBeLessThanOrEqual(interval);
        expect(delay).toBeGreaterThanOrEqual(pace.floor_seconds ?? 3);
        expect(rampedSeconds(k + 1, interval, pace)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
  it('backs off to a minute or the delay itself, never below the delay', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.nat({ max: 500 }), (delay, errors) => {
        const later = backedOffSeconds(delay, errors);
        expect(later).toBeGreaterThanOrEqual(delay);
        expect(later).toBeLessThanOrEqual(Math.max(60, delay));
      }),
    );
  });
});
