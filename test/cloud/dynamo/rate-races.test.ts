import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoRateLeases } from '../../../lib/aws/dynamo-rate-leases.ts';
import { createLeasedRateBudget } from '../../../lib/transports/leased-rate-budget.ts';
import type { RateBudget } from '../../../lib/transports/rate-budget.ts';
import { mostInAMinute } from '../../contracts/rate-budget-contract.ts';
import { epoch_ms } from '../../contracts/records.ts';
import type { DynamoFrontOptions } from '../dynamo-front.ts';
import { dynamoWorld } from './dynamo-world.ts';
import { namesOf } from './jobs.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
let hold: NonNullable<DynamoFrontOptions['hold']> = () => undefined;
beforeAll(async () => {
  world = await dynamoWorld({ hold: (call) => hold(call) });
});
afterEach(() => {
  hold = () => undefined;
});
afterAll(() => world.close());

const start_ms = Math.ceil(epoch_ms / 60_000) * 60_000;

/** Processes that share a connection and a clock, which stands at the beginning of a block. */
async function processes(count: number, rate_per_minute: number, more: { timeout_ms?: number } = {}) {
  const { table } = await world.freshTable();
  const clock = { now_ms: start_ms };
  const now = (): number => clock.now_ms;
  const documents = world.connect(1);
  const budgets = Array.from({ length: count }, () => {
    const leases = createDynamoRateLeases({ documents, table, connection: 'ci', now, ...more });
    return createLeasedRateBudget({ leases, rate_per_minute, now });
  });
  return { budgets, clock, table };
}
const takeAll = (budgets: RateBudget[], now_ms: number): Promise<number[]> =>
  Promise.all(budgets.map((budget) => budget.take(now_ms)));
const one = (budgets: RateBudget[]): RateBudget => {
  const [budget] = budgets;
  if (budget === undefined) throw new Error('no budgets');
  return budget;
};

describe('many processes that share a rate', () => {
  it.each([
    [12, 30],
    [12, 600],
  ])(
    '%i of them let no more than %i calls go in any minute, most of these, with a write in 5 s each at most',
    async (count, rate) => {
      const { budgets, clock } = await processes(count, rate);
      const granted: number[] = [];
      const from = world.front.billed.length;
      const step_ms = 130;
      const minutes = 2.5;
      for (; clock.now_ms < start_ms + minutes * 60_000; clock.now_ms += step_ms)
        for (const wait of await takeAll(budgets, clock.now_ms)) if (wait === 0) granted.push(clock.now_ms);
      expect(mostInAMinute(granted)).toBeLessThanOrEqual(rate);
      expect(granted.length).toBeGreaterThan(rate * minutes * 0.7);
      expect(namesOf(world.front.billed, from).length).toBeLessThanOrEqual(count * minutes * 12);
    },
    60_000,
  );

  it('all get their turn', async () => {
    const { budgets, clock } = await processes(5, 300);
    const calls = budgets.map(() => 0);
    for (let step = 0; step < 1_500; step += 1, clock.now_ms += 97) {
      // Ticks come to any process.
      const asked = (step * 7) % budgets.length;
      const budget = budgets[asked];
      if (budget !== undefined && (await budget.take(clock.now_ms)) === 0) calls[asked] = (calls[asked] ?? 0) + 1;
    }
    expect(Math.min(...calls)).toBeGreaterThan(20);
  }, 30_000);

  it('all keep to a cool-down that one of them has met, from their next block on', async () => {
    const { budgets, clock } = await processes(4, 600);
    await one(budgets).coolDown(start_ms + 60_000);
    for (const wait of await takeAll(budgets, start_ms)) expect(wait).toBeGreaterThanOrEqual(60);
    clock.now_ms = start_ms + 59_000;
    for (const wait of await takeAll(budgets, clock.now_ms)) expect(wait).toBeGreaterThanOrEqual(1);
  });
  it('write a cool-down once when many calls meet it together', async () => {
    const { budgets } = await processes(1, 600);
    const from = world.front.billed.length;
    await Promise.all(
      Array.from({ length: 20 }, (_, number) => one(budgets).coolDown(start_ms + 30_000 + number * 10)),
    );
    expect(namesOf(world.front.billed, from)).toEqual(['UpdateItem']);
  });
});

describe('a process that shares a rate', () => {
  it('makes one write for all calls that come together', async () => {
    const { budgets, clock } = await processes(1, 6000);
    const from = world.front.billed.length;
    const waits = await takeAll(
      Array.from({ length: 50 }, () => one(budgets)),
      clock.now_ms,
    );
    expect(waits.filter((wait) => wait === 0)).toHaveLength(50);
    expect(namesOf(world.front.billed, from)).toEqual(['UpdateItem']);
  });
  it.each([
    ['alone', 0],
    ['with calls of the next block', 3],
  ])('lets no call go on a lease whose block has ended before the answer came, %s', async (_, more) => {
    const { budgets, clock } = await processes(1, 600);
    const release = Promise.withResolvers<void>();
    hold = () => release.promise;
    const waiting = [one(budgets).take(start_ms + 4_900)];
    clock.now_ms = start_ms + 6_000;
    for (let call = 0; call < more; call += 1) waiting.push(one(budgets).take(clock.now_ms));
    release.resolve();
    for (const wait of await Promise.all(waiting)) expect(wait).toBeGreaterThan(0);
  });
  it('postpones its calls for 5 s, and keeps to what it knows, when the table does not answer', async () => {
    const { budgets, clock } = await processes(1, 600, { timeout_ms: 700 });
    const release = Promise.withResolvers<void>();
    hold = () => release.promise;
    expect(await one(budgets).take(start_ms)).toBe(5);
    await one(budgets).coolDown(start_ms + 20_000);
    release.resolve();
    hold = () => undefined;
    clock.now_ms = start_ms + 10_000;
    expect(await one(budgets).take(clock.now_ms)).toBeGreaterThanOrEqual(10);
    clock.now_ms = start_ms + 20_000;
    expect(await one(budgets).take(clock.now_ms)).toBe(0);
  });
});
