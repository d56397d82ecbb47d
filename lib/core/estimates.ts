import { type Tree, valueAt } from './jmespath.ts';

/** What a kind may name under `estimate`: the only computations there are beside the pace. */
export const estimateNames = ['octoperf-scenario', 'octoperf-validation'] as const;
export type EstimateName = (typeof estimateNames)[number];

const week = 604_800;
/** Machines are got ready before the load and put away after it. */
const headroomSeconds = 30;

/** Expected seconds of a job, read off what the kind's estimate call answered; null when it does not say. */
export const estimates: Record<EstimateName, (answer: Tree) => number | null> = {
  'octoperf-scenario': (scenario) => {
    const profiles = valueAt(scenario, 'userProfiles');
    if (!Array.isArray(profiles)) return null;
    const longest = Math.max(0, ...profiles.map(secondsOfProfile));
    return longest === 0 ? null : Math.min(week, Math.ceil(longest) + headroomSeconds);
  },
  'octoperf-validation': (virtualUser) =>
    virtualUser === null || typeof virtualUser !== 'object' ? null : isPlaywright(virtualUser) ? 60 : 30,
};

/** Two shapes are in use: `load` as it is stored, in ms, and `loadStrategy` as the tools that make scenarios take it, in seconds. */
function secondsOfProfile(profile: Tree): number {
  const milliseconds = sumAt(profile, ['load.delayMs', 'load.rampUpMs', 'load.plateauMs', 'load.rampDownMs']);
  const seconds = sumAt(profile, [
    'loadStrategy.delaySec',
    'loadStrategy.rampUpSec',
    'loadStrategy.holdForSec',
    'loadStrategy.rampDownSec',
  ]);
  const times = valueAt(profile, 'load.points[].timeInMs');
  // A custom shape says when each of its points is; set-up and tear-down are within the time.
  const points = Math.max(0, ...(Array.isArray(times) ? times.map(amountOf) : []));
  return Math.max(seconds, (milliseconds + points) / 1000);
}

const amountOf = (value: Tree): number => (typeof value === 'number' && value > 0 ? value : 0);
const sumAt = (tree: Tree, paths: readonly string[]): number =>
  paths.reduce((sum, path) => sum + amountOf(valueAt(tree, path)), 0);

/** By its own type, or by what it is made of: every file of a Playwright user is a `PlaywrightSpecAction`. */
function isPlaywright(tree: Tree): boolean {
  if (tree === null || typeof tree !== 'object') return false;
  if (Array.isArray(tree)) return tree.some(isPlaywright);
  const named = [tree['type'], tree['@type']].some((name) => typeof name === 'string' && /^playwright/i.test(name));
  return named || Object.values(tree).some(isPlaywright);
}
