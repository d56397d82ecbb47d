import type { Scenario } from './counted-cloud.ts';

/** The mix that costs are told of: what most jobs are like, and how many of them. */
export const scenarios: readonly Scenario[] = [
  { name: '10 min, looked at every 60 s', share: 0.6, runs_seconds: 600, expected_seconds: 600 },
  { name: '10 min, looked at every 30 s', share: 0.3, runs_seconds: 600, expected_seconds: 300 },
  { name: '30 s, looked at every 3 s', share: 0.1, runs_seconds: 30, expected_seconds: 30 },
];

/** The mean of the mix, of one value for each scenario. */
export const mixOf = (values: readonly number[]): number =>
  values.reduce((sum, value, position) => sum + value * (scenarios[position]?.share ?? 0), 0);
