import { expect, it } from 'vitest';
import type { Kind } from '../../lib/core/kind.ts';
import { type GivenTiming, timingOf } from '../../lib/core/timing.ts';
import { watchKind } from './some-settings.ts';

const nothing: GivenTiming = { expected_seconds: undefined, timeout_seconds: undefined };
const plain: Kind = { ...watchKind, expected_seconds: 600 };
delete plain.timeout_seconds;
const overtime: Kind = { ...plain, overtime_seconds: 1500 };

it.each<[string, Kind, GivenTiming, number | null, [number, number, number]]>([
  ['the kind’s own', plain, nothing, null, [600, 86_400, 60]],
  ['an estimate', plain, nothing, 330, [330, 960, 33]],
  ['what is given, whatever was estimated', plain, { ...nothing, expected_seconds: 100 }, 330, [100, 500, 10]],
  ['overtime after the kind’s own', overtime, nothing, null, [600, 2100, 60]],
  ['overtime after an estimate', overtime, nothing, 330, [330, 1830, 33]],
  ['overtime, a week at most', overtime, nothing, 604_800, [604_800, 604_800, 60]],
  ['a deadline that is given', overtime, { ...nothing, timeout_seconds: 40 }, 330, [330, 40, 33]],
  ['the deadline of the kind', { ...plain, timeout_seconds: 90 }, nothing, 330, [330, 90, 33]],
])('takes %s', (_name, kind, given, estimated, [expected_seconds, timeout_seconds, interval_seconds]) => {
  expect(timingOf(kind, given, estimated, 60)).toMatchObject({ expected_seconds, timeout_seconds, interval_seconds });
});
