import { describe, expect, it } from 'vitest';
import { estimates } from '../../lib/core/estimates.ts';
import { planted } from './a-job.ts';

const scenarioOf = (...userProfiles: unknown[]): unknown => ({ id: 's', userProfiles });
const ramp = { '@type': 'UserProfileLoadRampUp', delayMs: 0, rampUpMs: 60_000, plateauMs: 540_000, plateauVus: 50 };
const custom = { points: [{ timeInMs: 0 }, { threadsCount: 9, timeInMs: 900_000 }, { timeInMs: 30_000 }] };

describe('the estimate of a scenario', () => {
  it.each<[string, unknown, number | null]>([
    ['a stored ramp, in ms', scenarioOf({ load: ramp }), 630],
    ['a delay before it', scenarioOf({ load: { ...ramp, delayMs: 30_000 } }), 660],
    ['a ramp down after it', scenarioOf({ load: { ...ramp, rampDownMs: 15_500 } }), 646],
    ['stairs', scenarioOf({ load: { ...ramp, '@type': 'UserProfileLoadAscendingStairs', stepCount: 5 } }), 630],
    ['a custom shape: its last point', scenarioOf({ load: custom }), 930],
    [
      'the shape that makes a scenario, in s',
      scenarioOf({ loadStrategy: { rampUpSec: 30, holdForSec: 240, rampDownSec: 30 } }),
      330,
    ],
    [
      'the longest of several profiles',
      scenarioOf({ load: ramp }, { load: custom }, { load: { plateauMs: 1000 } }),
      930,
    ],
    ['less than a second', scenarioOf({ load: { plateauMs: 1 } }), 31],
    ['a month, which is cut to a week', scenarioOf({ load: { plateauMs: 30 * 86_400_000 } }), 604_800],
    ['no profile', scenarioOf(), null],
    ['profiles without a load', scenarioOf({}, null, 'x'), null],
    ['loads that are no numbers', scenarioOf({ load: { rampUpMs: '60', plateauMs: -5, points: 'x' } }), null],
    ['something else', { error: 'no' }, null],
    ['a text', 'soon', null],
  ])('of %s', (_name, scenario, seconds) => {
    expect(estimates['octoperf-scenario'](planted(scenario))).toBe(seconds);
  });
});

describe('the estimate of a validation', () => {
  it.each<[string, unknown, number | null]>([
    ['a virtual user of requests', { type: 'JMETER', children: [{ '@type': 'HttpRequestAction' }] }, 30],
    ['a Playwright user', { type: 'PLAYWRIGHT', children: [] }, 60],
    [
      'a user of Playwright files',
      { children: [{ '@type': 'Container', children: [{ '@type': 'PlaywrightSpecAction' }] }] },
      60,
    ],
    ['one that only speaks of Playwright', { name: 'Playwright', description: 'playwright' }, 30],
    ['a text', 'no such user', null],
    ['nothing', null, null],
  ])('of %s', (_name, virtualUser, seconds) => {
    expect(estimates['octoperf-validation'](planted(virtualUser))).toBe(seconds);
  });
});
