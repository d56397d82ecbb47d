import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLeasedRateBudget, type RateLeases } from '../../lib/transports/leased-rate-budget.ts';
import { mostInAMinute } from '../contracts/rate-budget-contract.ts';

const start_ms = 1_795_212_000_000;
/** What becomes of a write: it succeeds, or its effect is there and its answer is lost. */
type Fate = 'answered' | 'lost';

/** Leases in memory, for processes whose clocks differ. */
function sharedLeases(fateOf: () => Fate): RateLeases {
  let [spent_until_ms, cool_until_ms] = [0, 0];
  return {
    lease: async (now_ms, until_ms) => {
      const leased = spent_until_ms <= now_ms && cool_until_ms <= now_ms;
      if (leased) spent_until_ms = until_ms;
      if (fateOf() === 'lost') return { leased: false, state: { spent_until_ms: now_ms + 5_000, cool_until_ms: 0 } };
      return { leased, state: { spent_until_ms, cool_until_ms } };
    },
    coolDown: async (until_ms) => {
      cool_until_ms = Math.max(cool_until_ms, until_ms);
    },
  };
}

const aSkew = fc.integer({ min: 0, max: 500 });
const aStep = fc.record({
  gap_ms: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 400 }) }, fc.integer({ min: 0, max: 9_000 })),
  process: fc.nat(),
  calls: fc.integer({ min: 1, max: 60 }),
  late_ms: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 1_500 })),
  fate: fc.oneof({ weight: 9, arbitrary: fc.constant<Fate>('answered') }, fc.constant<Fate>('lost')),
});

describe('leased rate budgets', () => {
  test('never let more than the rate go in any minute: with bursts, late and lost answers, and clocks half a second apart', async () => {
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer({ min: 1, max: 130 }), fc.integer({ min: 1, max: 3_000 })),
        fc.array(aSkew, { minLength: 1, maxLength: 6 }),
        fc.array(aStep, { minLength: 1, maxLength: 250, size: 'max' }),
        async (rate_per_minute, skews_ms, steps) => {
          let now_ms = start_ms;
          let fate: Fate = 'answered';
          const leases = sharedLeases(() => fate);
          const processes = skews_ms.map((skew_ms) => {
            const now = (): number => now_ms + skew_ms;
            return { now, budget: createLeasedRateBudget({ leases, rate_per_minute, now }) };
          });
          const moments_ms: number[] = [];
          for (const step of steps) {
            now_ms += step.gap_ms;
            fate = step.fate;
            const caller = processes[step.process % processes.length];
            if (caller === undefined) throw new Error('no processes');
            const waits = Array.from({ length: step.calls }, () => caller.budget.take(caller.now()));
            now_ms += step.late_ms;
            for (const wait of await Promise.all(waits)) if (wait === 0) moments_ms.push(now_ms);
          }
          expect(mostInAMinute(moments_ms)).toBeLessThanOrEqual(rate_per_minute);
          granted += moments_ms.length;
        },
      ),
      { numRuns: 200 },
    );
    expect(granted).toBeGreaterThan(10_000);
  });

  test.each([1, 13, 61, 600, 3_000])(
    'keep to %i a minute when a lease is used up at the end of its block, and the next at once',
    async (rate) => {
      let now_ms = start_ms;
      const budget = createLeasedRateBudget({
        leases: sharedLeases(() => 'answered'),
        rate_per_minute: rate,
        now: () => now_ms,
      });
      const moments_ms: number[] = [];
      const take = async (calls: number): Promise<void> => {
        for (let call = 0; call < calls; call += 1) if ((await budget.take(now_ms)) === 0) moments_ms.push(now_ms);
      };
      await take(rate);
      for (const at_ms of [5_000, 9_999]) {
        now_ms = start_ms + at_ms;
        await take(at_ms === 5_000 ? 1 : rate);
      }
      for (; now_ms < start_ms + 90_000; now_ms += 20) await take(Math.ceil(rate / 500));
      expect(mostInAMinute(moments_ms)).toBeLessThanOrEqual(rate);
      expect(mostInAMinute(moments_ms)).toBeGreaterThanOrEqual(Math.floor(rate * 0.9));
    },
  );

  test('take as many calls as were wanted in the block before, and no more', async () => {
    const spans_ms: number[] = [];
    const shared = sharedLeases(() => 'answered');
    const leases: RateLeases = {
      ...shared,
      lease: (now_ms, until_ms) => {
        spans_ms.push(until_ms - now_ms);
        return shared.lease(now_ms, until_ms);
      },
    };
    let now_ms = start_ms;
    const budget = createLeasedRateBudget({ leases, rate_per_minute: 670, now: () => now_ms });
    // At first what a second holds, then as many as before, at most a whole block; a pause is forgotten.
    for (const [block, calls] of [
      [0, 1],
      [1, 20],
      [2, 200],
      [3, 200],
      [5, 1],
    ] as const) {
      now_ms = start_ms + block * 5_000;
      for (let call = 0; call < calls; call += 1) await budget.take(now_ms);
    }
    expect(spans_ms).toEqual([1_200, 1_200, 2_000, 5_000, 1_200]);
  });
});
