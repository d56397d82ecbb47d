import { billed, billOf, type Counts, durableBill, itemsOf, stepFunctionsBill } from './cost/bill.ts';
import { type Batch, countedCloud } from './cost/counted-cloud.ts';
import { prices } from './cost/prices.ts';
import { mixOf, scenarios } from './cost/scenarios.ts';

/*
 * `npm run cost`: $ per million jobs. One job of each scenario, or ten in step, runs from its start to its announcement on the
 * cloud engine's own adapters and poll handler, against servers that stand for AWS and count what AWS would bill; prices and
 * what cannot be counted are in cost/prices.ts.
 */

async function countAll(watchdog_minutes: number, batch: Batch): Promise<Counts[]> {
  const all: Counts[] = [];
  for (const scenario of scenarios) {
    const cloud = await countedCloud({ watchdog_minutes });
    all.push(await cloud.run(scenario, batch).finally(cloud.close));
  }
  return all;
}

function print(rows: (string | number)[][]): void {
  for (const [first = '', ...rest] of rows)
    console.log([String(first).padEnd(44), ...rest.map((value) => said(value).padStart(9))].join(' '));
  console.log('');
}
const said = (value: string | number): string =>
  typeof value === 'string' ? value : Number.isInteger(value) ? String(value) : value.toFixed(1);

const ways: { name: string; short: string; watchdog_minutes: number; batch: Batch; goal: string }[] = [
  { name: 'untildone, no two ticks in one batch', short: 'alone', watchdog_minutes: 1, batch: 1, goal: '90' },
  { name: 'untildone, ten ticks in a batch', short: 'tens', watchdog_minutes: 1, batch: 10, goal: '40' },
  {
    name: 'the same with watchdogMinutes 5, no batches',
    short: 'alone, 5',
    watchdog_minutes: 5,
    batch: 1,
    goal: '80',
  },
  {
    name: 'the same with watchdogMinutes 5, batches of 10',
    short: 'tens, 5',
    watchdog_minutes: 5,
    batch: 10,
    goal: '35',
  },
];
const counted: { way: (typeof ways)[number]; each: Counts[] }[] = [];
for (const way of ways) counted.push({ way, each: await countAll(way.watchdog_minutes, way.batch) });
const alone = counted[0]?.each ?? [];

console.log('Billed operations of one job, counted (heartbeat at most every minute)\n');
print([
  ['', 'checks', 'ticks', 'beats', 'writes', 'reads', 'publish'],
  ...scenarios.map(({ name }, position) => {
    const { checks, looking_ticks, idle_ticks, heartbeats, write_units, read_units, publishes } = alone[
      position
    ] as Counts; // one for each scenario
    return [name, checks, looking_ticks + idle_ticks, heartbeats, write_units, read_units, publishes];
  }),
]);

const checks = alone.map((counts) => counts.checks);
const columns: [string, number[], string][] = [
  ...counted.map(({ way, each }): [string, number[], string] => [
    way.name,
    each.map((counts) => billOf(counts, way.batch)),
    way.goal,
  ]),
  ['durable functions, as many checks', checks.map(durableBill), ''],
  ['Step Functions, as many checks', checks.map(stepFunctionsBill), ''],
];
console.log('$ per million jobs (mix: 60 %, 30 %, 10 %)\n');
print([
  ['', '60 s', '30 s', '3 s', 'mix', 'goal ≤'],
  ...columns.map(([name, bills, goal]) => [name, ...bills, mixOf(bills), goal]),
]);
console.log('Where the dollars of the mix go\n');
print([
  ['', ...ways.map(({ short }) => short)],
  ...billed.map((item) => [
    item,
    ...counted.map(({ way, each }) => mixOf(each.map((counts) => itemsOf(counts, way.batch)[item]))),
  ]),
]);
console.log(
  `Each e-mail recipient adds $${prices.sns_email} per million jobs. Durations and log sizes are assumed (cost/prices.ts); nothing of this was run on AWS.`,
);
