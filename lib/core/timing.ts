import { defaultExpectedSeconds, intervalSeconds, timeoutSeconds, week } from './cadence.ts';
import type { JobSpec } from './job.ts';
import type { Kind } from './kind.ts';

/** How long a job may take, and how often it is looked at. */
export type Timing = Pick<JobSpec, 'expected_seconds' | 'timeout_seconds' | 'interval_seconds'>;
/** What the request itself says of it. */
export type GivenTiming = { expected_seconds: number | undefined; timeout_seconds: number | undefined };

/** Given, else estimated, else the kind's, else the defaults; `estimated` is null when nothing was asked or nothing came of it. */
export function timingOf(kind: Kind, given: GivenTiming, estimated: number | null): Timing {
  const expectation = given.expected_seconds ?? estimated;
  const expected_seconds = expectation ?? kind.expected_seconds ?? defaultExpectedSeconds;
  const overtime =
    kind.overtime_seconds === undefined ? undefined : Math.min(week, expected_seconds + kind.overtime_seconds);
  return {
    expected_seconds,
    timeout_seconds: timeoutSeconds(given.timeout_seconds, kind.timeout_seconds ?? overtime, expectation),
    interval_seconds: intervalSeconds(expected_seconds, kind.pace ?? {}),
  };
}
