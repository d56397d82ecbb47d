import { describe, expect, it } from 'vitest';
import type { RateBudget } from '../../lib/transports/rate-budget.ts';
import { epoch_ms } from './records.ts';

/** A fresh connection of this rate. */
export type OpenRate = (rate_per_minute: number) => Promise<{
  /** What one process asks; called again, another process where the engine has several. */
  open: () => RateBudget;
  /** Sets the time of all processes, epoch ms. */
  at: (now_ms: number) => void;
  /** What is promised of any minute. */
  most_in_a_minute: number;
}>;

/** At a block's beginning, so that the same calls meet the same blocks. */
const start_ms = Math.ceil(epoch_ms / 60_000) * 60_000;

/** What the HTTP transport relies on, of any engine's rate budget. */
export function rateBudgetContract(name: string, openRate: OpenRate): void {
  describe(`the rate budget of ${name}`, () => {
    it('lets the first call go, at any rate', async () => {
      for (const rate of [1, 6, 60, 100_000]) {
        const { open, at } = await openRate(rate);
        at(start_ms);
        expect(await open().take(start_ms), `${rate} a minute`).toBe(0);
      }
    });
    it.each([1, 7, 60, 240])('keeps to %i a minute when callers hammer it, and gives most of it', async (rate) => {
      const { open, at, most_in_a_minute } = await openRate(rate);
      const budget = open();
      const granted: number[] = [];
      for (let now_ms = start_ms; now_ms < start_ms + 300_000; now_ms += 73) {
        at(now_ms);
        if ((await budget.take(now_ms)) === 0) granted.push(now_ms);
      }
      expect(mostInAMinute(granted)).toBeLessThanOrEqual(most_in_a_minute);
      expect(granted.length).toBeGreaterThanOrEqual(Math.floor(rate * 5 * 0.8));
    });
    it('says when to ask again, and who does so is let go in the end', async () => {
      const { open, at } = await openRate(6);
      const budget = open();
      let [now_ms, asked, granted] = [start_ms, 0, 0];
      for (; asked < 40; asked += 1) {
        at(now_ms);
        const wait_seconds = await budget.take(now_ms);
        expect(wait_seconds).toBeGreaterThanOrEqual(0);
        if (wait_seconds === 0) granted += 1;
        now_ms += Math.ceil(wait_seconds * 1000);
      }
      expect(granted).toBeGreaterThanOrEqual(10);
    });
    it('postpones every call during a cool-down, which a shorter one does not end', async () => {
      const { open, at } = await openRate(60);
      const budget = open();
      at(start_ms);
      await budget.coolDown(start_ms + 30_000);
      await budget.coolDown(start_ms + 2_000);
      expect(await budget.take(start_ms)).toBeGreaterThanOrEqual(30);
      at(start_ms + 29_999);
      expect(await budget.take(start_ms + 29_999)).toBeGreaterThan(0);
      at(start_ms + 30_000);
      expect(await budget.take(start_ms + 30_000)).toBe(0);
    });
    it('postpones calls that are leased already when a cool-down comes', async () => {
      const { open, at } = await openRate(600);
      const budget = open();
      at(start_ms);
      expect(await budget.take(start_ms)).toBe(0);
      await budget.coolDown(start_ms + 4_000);
      expect(await budget.take(start_ms)).toBeGreaterThanOrEqual(4);
    });
  });
}

/** The most of these moments that any 60 s hold. Ascending, ms. */
export function mostInAMinute(moments_ms: readonly number[]): number {
  let [most, first] = [0, 0];
  for (const [last, at_ms] of moments_ms.entries()) {
    while ((moments_ms[first] ?? at_ms) <= at_ms - 60_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
