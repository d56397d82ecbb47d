import type { Pace } from './kind.ts';

/** Heartbeats beat once a minute at most: EventBridge Scheduler has 60-second precision. */
export const heartbeatSeconds = 60;
/** An SQS message can be delayed this long at most; longer waits are the heartbeat's. */
const maxChainSeconds = 900;
/** Nobody has heard of a check this long after it was due: the chain is broken. */
export const chainGraceMs = 15_000;
/** A tick this little early is on time. */
export const earlyMs = 2_000;
/** Lease > function timeout > check budget, so that no check outlives its lease. */
export const leaseMs = 45_000;
export const checkBudgetMs = 25_000;
/** Failed checks in a row after which we say that we have lost sight. */
export const lostAfterErrors = 5;
/** Claims in a row without a word of what came of them, before we give the job up. */
export const maxUnsavedClaims = 5;

const day = 86_400;
export const week = 604_800;
export const defaultExpectedSeconds = 300;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** `clamp(round(expected / 10), 3, 60)` seconds, within what the kind fixes, floors or caps. */
export function intervalSeconds(expected_seconds: number, pace: Pace): number {
  const floor = pace.floor_seconds ?? 3;
  const cap = Math.max(floor, pace.cap_seconds ?? 60);
  return Math.max(pace.interval_seconds ?? clamp(Math.round(expected_seconds / 10), 3, cap), pace.floor_seconds ?? 0);
}

/** The k-th delay: `min(interval, 3·2^k)` seconds, so that a job which dies at once is seen at once. */
export function rampedSeconds(k: number, interval_seconds: number, pace: Pace): number {
  if (pace.ramp === false) return interval_seconds;
  return Math.min(interval_seconds, Math.max(pace.floor_seconds ?? 0, 3 * 2 ** Math.min(Math.max(k, 0), 20)));
}

/** How many ramp delays fit into an age: after 3·(2^k − 1) seconds the k-th is due. */
export const rampedBy = (age_seconds: number): number => Math.floor(Math.log2(Math.max(0, age_seconds) / 3 + 1));

/** Doubles with every failed check after the first, to a minute or the delay itself if that is longer. */
export const backedOffSeconds = (delay_seconds: number, consecutive_errors: number): number =>
  consecutive_errors <= 1
    ? delay_seconds
    : Math.min(Math.max(60, delay_seconds), delay_seconds * 2 ** Math.min(consecutive_errors - 1, 20));

/** Given, else the kind's, else twice the expectation and five minutes (a week at most) if there is one, else a day. */
export function timeoutSeconds(
  given: number | undefined,
  kinds: number | undefined,
  expected_seconds: number | null,
): number {
  if (given !== undefined) return given;
  if (kinds !== undefined) return kinds;
  return expected_seconds === null ? day : Math.min(week, Math.max(300, 2 * expected_seconds + 300));
}

/** How often a job is looked at, and how often its heartbeat beats, seconds. */
export type Rhythm = { interval_seconds: number; heartbeat_seconds: number };

/**
 * How often the heartbeat beats: as often as the checks are due, in whole minutes, if it carries them; else only to watch
 * over the chain. A watch that is rarer than a minute leaves jobs to the chain that are looked at a minute more often than it.
 */
export const heartbeatEvery = (interval_seconds: number, watchdog_seconds: number): number =>
  interval_seconds < heartbeatSeconds || interval_seconds + heartbeatSeconds <= watchdog_seconds
    ? watchdog_seconds
    : Math.ceil(interval_seconds / heartbeatSeconds) * heartbeatSeconds;

/** Whether the chain carries the checks, and the heartbeat only watches over it. */
export const chainCarries = ({ interval_seconds, heartbeat_seconds }: Rhythm): boolean =>
  interval_seconds < heartbeatSeconds || interval_seconds + heartbeatSeconds <= heartbeat_seconds;

/** A minute's delay, less the time that the check before it took: the next heartbeat is as near. The ramp's longest step is 48 s. */
const nearlyAMinute = 50;

/** Who carries the next check: the chain, also while ramping up to an interval that heartbeats carry, or the heartbeat. */
export const carrierOf = (rhythm: Rhythm, delay_seconds: number): 'chain' | 'heartbeat' =>
  (chainCarries(rhythm) || delay_seconds < nearlyAMinute) && delay_seconds <= maxChainSeconds ? 'chain' : 'heartbeat';
