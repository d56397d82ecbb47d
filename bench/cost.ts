import { billOf, type Counts, durableBill, stepFunctionsBill } from './cost/bill.ts';
import { countedCloud, type Scenario } from './cost/counted-cloud.ts';
import { prices } from './cost/prices.ts';

/*
 * `npm run cost`: $ per million jobs. One job of each scenario runs from its start to its announcement on the cloud engine's
 * own adapters, against servers that stand for AWS and count what AWS would bill; prices and what cannot be counted are in
 * cost/prices.ts.
 */

const scenarios: Scenario[] = [
  { name: '10 min, looked at every 60 s', share: 0.6, runs_seconds: 600, expected_seconds: 600 },
  { name: '10 min, looked at every 30 s', share: 0.3, runs_seconds: 600, expected_seconds: 300 },
  { name: '30 s, looked at every 3 s', share: 0.1, runs_seconds: 30, expected_seconds: 30 },
];

async function countAll(watchdog_minutes: number): Promise<Counts[]> {
  const all: Counts[] = [];
  for (const scenario of scenarios) {
    const cloud = await countedCloud({ watchdog_minutes });
    all.push(await cloud.run(scenario).finally(cloud.close));
  }
  return all;
}

const mixOf = (values: number[]): number =>
  values.reduce((sum, value, position) => sum + value * (scenarios[position]?.share ?? 0), 0);

function print(rows: (string | number)[][]): void {
  for (const [first = '', ...rest] of rows)
    console.log([String(first).padEnd(44), ...rest.map((value) => said(value).padStart(9))].join(' '));
  console.log('');
}
const said = (value: string | number): string =>
  typeof value === 'string' ? value : Number.isInteger(value) ? String(value) : value.toFixed(1);

const each = await countAll(1);
const rare = await countAll(5);

console.log('Billed operations of one job, counted (heartbeat at most every minute)\n');
print([
  ['', 'checks', 'ticks', 'beats', 'writes', 'reads', 'publish'],
  ...scenarios.map(({ name }, position) => {
    const { checks, looking_ticks, idle_ticks, heartbeats, write_units, read_units, publishes } = each[
      position
    ] as Counts; // one for each scenario
    return [name, checks, looking_ticks + idle_ticks, heartbeats, write_units, read_units, publishes];
  }),
]);

const checks = each.map((counts) => counts.checks);
const columns: [string, number[], string][] = [
  ['untildone, no two ticks in one batch', each.map((counts) => billOf(counts, 1)), '90'],
  ['untildone, ten ticks in a batch', each.map((counts) => billOf(counts, 10)), '40'],
  ['the same with watchdogMinutes 5, no batches', rare.map((counts) => billOf(counts, 1)), '80'],
  ['the same with watchdogMinutes 5, batches of 10', rare.map((counts) => billOf(counts, 10)), '35'],
  ['durable functions, as many checks', checks.map(durableBill), ''],
  ['Step Functions, as many checks', checks.map(stepFunctionsBill), ''],
];
console.log('$ per million jobs (mix: 60 %, 30 %, 10 %)\n');
print([
  ['', '60 s', '30 s', '3 s', 'mix', 'goal ≤'],
  ...columns.map(([name, bills, goal]) => [name, ...bills, mixOf(bills), goal]),
]);
console.log(
  `Each e-mail recipient adds $${prices.sns_email} per million jobs. Durations and log sizes are assumed (cost/prices.ts); nothing of this was run on AWS.`,
);
