import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { burstOf, createRateBudget } from '../../lib/transports/rate-budget.ts';

const start_ms = 1_795_212_000_000;

describe('the rate budget', () => {
  test('lets every call go when there is no rate', () => {
    const budget = createRateBudget();
    for (let n = 0; n < 1000; n++) expect(budget.take(start_ms)).toBe(0);
  });

  test('spreads calls evenly after a burst of one second', () => {
    const budget = createRateBudget(120);
    expect([budget.take(start_ms), budget.take(start_ms)]).toEqual([0, 0]);
    expect(budget.take(start_ms)).toBe(0.5);
    expect(budget.take(start_ms + 499)).toBeGreaterThan(0);
    expect(budget.take(start_ms + 500)).toBe(0);
  });

  test('gives each postponed call its own turn', () => {
    const budget = createRateBudget(60);
    budget.take(start_ms);
    expect([1, 2, 3].map(() => budget.take(start_ms))).toEqual([1, 2, 3]);
  });

  test('postpones every call during a cool-down, spread beyond it', () => {
    const budget = createRateBudget();
    budget.coolDown(start_ms + 30_000);
    budget.coolDown(start_ms + 1_000);
    expect([budget.take(start_ms), budget.take(start_ms)]).toEqual([30, 30.01]);
    expect(budget.take(start_ms + 29_999)).toBeGreaterThan(0);
    expect(budget.take(start_ms + 30_000)).toBe(0);
  });

  test('recovers at once when the clock is set back', () => {
    const budget = createRateBudget(60);
    budget.take(start_ms + 86_400_000);
    expect(budget.take(start_ms)).toBeLessThanOrEqual(1);
    expect(budget.take(start_ms + 1_000)).toBe(0);
  });

  test('never lets more than rate plus burst go in any minute, and a caller that waits its turn gets one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 400 }),
        (rate, gaps_ms) => {
          const budget = createRateBudget(rate);
          const granted: number[] = [];
          let now_ms = start_ms;
          for (const gap_ms of gaps_ms) {
            now_ms += gap_ms;
            const wait_seconds = budget.take(now_ms);
            if (wait_seconds === 0) granted.push(now_ms);
            else expect(wait_seconds).toBeGreaterThan(0);
          }
          for (const [index, from_ms] of granted.entries()) {
            const inMinute = granted.slice(index).filter((at_ms) => at_ms < from_ms + 60_000).length;
            expect(inMinute).toBeLessThanOrEqual(rate + burstOf(rate));
          }
          const wait_seconds = budget.take(now_ms);
          if (wait_seconds > 0) expect(budget.take(now_ms + wait_seconds * 1000 + 1)).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('keeps to the rate when callers hammer it', () => {
    const budget = createRateBudget(600);
    let granted = 0;
    for (let now_ms = start_ms; now_ms < start_ms + 60_000; now_ms += 7) if (budget.take(now_ms) === 0) granted++;
    expect(granted).toBeGreaterThan(590);
    expect(granted).toBeLessThanOrEqual(610);
  });
});
