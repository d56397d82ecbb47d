import { expect, it } from 'vitest';
import { billOf, type Counts, durableBill, stepFunctionsBill } from '../../bench/cost/bill.ts';
import { type Batch, countedCloud } from '../../bench/cost/counted-cloud.ts';
import { mixOf, scenarios } from '../../bench/cost/scenarios.ts';

async function count(runs_seconds: number, expected_seconds: number, batch: Batch = 1): Promise<Counts> {
  const cloud = await countedCloud({ watchdog_minutes: 1 });
  return cloud.run({ name: '', share: 1, runs_seconds, expected_seconds }, batch).finally(cloud.close);
}

it('a job that is looked at once a minute is billed for a claim a look, the first with its handle, and 12 writes besides from its start to its announcement', async () => {
  expect(await count(600, 600)).toEqual({
    checks: 14,
    api_requests: 1,
    looking_ticks: 13,
    idle_ticks: 2,
    sends: 15,
    heartbeats: 10,
    write_units: 26,
    read_units: 11.5,
    publishes: 1,
    deliveries: 1,
  });
});

it('a job that is looked at once a minute rides the chain when the watch is rarer, and saves the heartbeats', async () => {
  const cloud = await countedCloud({ watchdog_minutes: 5 });
  const counted = cloud.run({ name: '', share: 1, runs_seconds: 600, expected_seconds: 600 }).finally(cloud.close);
  expect(await counted).toMatchObject({ heartbeats: 2, idle_ticks: 2 });
});

it('a job that ends within a minute never costs a heartbeat', async () => {
  expect(await count(30, 30)).toMatchObject({ heartbeats: 0, publishes: 1 });
});

it('ten jobs in step send their next ticks in one request, after a first one each', async () => {
  const { looking_ticks, idle_ticks, heartbeats, sends } = await count(30, 30, 10);
  expect(sends - heartbeats).toBeCloseTo(1 + (looking_ticks + idle_ticks - heartbeats - 1) / 10);
});

it('ten jobs in step share the writes of the inbox and the requests to the topic, and each is told', async () => {
  const [alone, tens] = [await count(30, 30), await count(30, 30, 10)];
  expect(tens.deliveries).toBe(1);
  expect(tens.publishes).toBeLessThanOrEqual(0.5);
  expect(alone.write_units - tens.write_units).toBeGreaterThanOrEqual(0.5);
});

it('ten jobs in step cost $40 a million at most, over the mix', async () => {
  const bills: number[] = [];
  for (const { runs_seconds, expected_seconds } of scenarios)
    bills.push(billOf(await count(runs_seconds, expected_seconds, 10), 10));
  expect(mixOf(bills)).toBeLessThanOrEqual(40);
}, 60_000);

it('adds up what is billed: a batch of ten shares invocations, receives and deletes', () => {
  const nothing: Counts = {
    checks: 0,
    api_requests: 0,
    looking_ticks: 0,
    idle_ticks: 0,
    sends: 0,
    heartbeats: 0,
    write_units: 0,
    read_units: 0,
    publishes: 0,
    deliveries: 0,
  };
  const bare = billOf(nothing, 1);
  expect(billOf({ ...nothing, write_units: 8 }, 1) - bare).toBeCloseTo(5);
  expect(billOf({ ...nothing, heartbeats: 3 }, 10) - bare).toBeCloseTo(3);
  expect(billOf({ ...nothing, sends: 5 }, 10) - bare).toBeCloseTo(2);
  // 0.2 + 0.25 GB × 0.3 s × 13.33 + 1 KB of log at $0.5 a GB, and two requests of SQS.
  expect(billOf({ ...nothing, looking_ticks: 1 }, 1) - bare).toBeCloseTo(0.2 + 1 + 0.477 + 0.8, 2);
  expect(billOf({ ...nothing, looking_ticks: 1 }, 10) - bare).toBeCloseTo((0.2 + 1.333 + 0.477) / 10 + 0.08, 2);
});

it('bills Step Functions by the transition and durable functions by the operation', () => {
  expect(stepFunctionsBill(11) - stepFunctionsBill(10)).toBeCloseTo(75);
  expect(durableBill(11) - durableBill(10)).toBeCloseTo(8 + 0.2 + 1 + 0.477, 2);
});
