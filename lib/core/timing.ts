import { defaultExpectedSeconds, heartbeatEvery, intervalSeconds, timeoutSeconds, week } from './cadence.ts';
import type { JobSpec } from './job.ts';
import type { Kind } from './kind.ts';

/** How long a job may take, how often it is looked at, and how often its heartbeat beats. */
export type Timing = Pick<JobSpec, 'expected_seconds' | 'timeout_seconds' | 'interval_seconds' | 'heartbeat_seconds'>;
/** What the request itself says of it. */
export type GivenTiming = { expected_seconds: number | undefined; timeout_seconds: number | undefined };

/** Given, else estimated, else the kind's, else the defaults; `estimated` is null when nothing was asked or nothing came of it. */
export function timingOf(kind: Kind, given: GivenTiming, estimated: number | null, watchdog_seconds: number): Timing {
  const expectation = given.expected_seconds ?? estimated;
  const expected_seconds = expectation ?? kind.expected_seconds ?? defaultExpectedSeconds;
  const overtime =
    kind.overtime_seconds === undefined ? undefined : Math.min(week, expected_seconds + kind.overtime_seconds);
  const interval_seconds = intervalSeconds(expected_seconds, kind.pace ?? {});
  return {
    expected_seconds,
    timeout_seconds: timeoutSeconds(given.timeout_seconds, kind.timeout_seconds ?? overtime, expectation),
    interval_seconds,
    heartbeat_seconds: heartbeatEvery(interval_seconds, watchdog_seconds),
  };
}
