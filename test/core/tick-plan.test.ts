import { describe, expect, it } from 'vitest';
import type { JobState } from '../../lib/core/job.ts';
import { heartbeatAt, planTick } from '../../lib/core/tick-plan.ts';
import { aJob, epoch_ms } from './a-job.ts';

/** Check 7 was claimed at second 100 and the next is due at second 130 (or 160 at a minute's pace). */
const at = (second: number): number => epoch_ms + second * 1000;
const job = (interval_seconds: number, state: Partial<JobState> = {}) =>
  aJob({
    spec: { interval_seconds },
    state: { checks: 7, claimed_at_ms: at(100), next_check_at_ms: at(100 + interval_seconds), ...state },
  });
const chain = (expected_checks: number | null) => ({ carrier: 'chain' as const, expected_checks });
const heartbeat = { carrier: 'heartbeat' as const, expected_checks: null };
const leased = { lease_until_ms: at(145) };
const wished = { cancel_requested_at_ms: at(110) };

const proven = { do: 'check', proven: true };
const check = { do: 'check', proven: false };
const drop = { do: 'drop', why: expect.any(String) };

describe('a tick of the chain', () => {
  it.each<[string, number, number, Partial<JobState>, unknown]>([
    ['due', 7, 130, {}, proven],
    ['late', 7, 5000, {}, proven],
    ['1.999 s early', 7, 128.001, {}, proven],
    ['2 s early', 7, 128, {}, proven],
    ['2.001 s early', 7, 127.999, {}, { do: 'resend', at_ms: at(130) }],
    ['much too early', 7, 101, {}, { do: 'resend', at_ms: at(130) }],
    ['a duplicate of one that was served', 6, 130, {}, drop],
    ['ahead of the record, which is an old read', 8, 130, {}, { do: 'resend', at_ms: at(131) }],
    ['due, under the lease that its own number proves over', 7, 130, leased, proven],
    ['after the clock jumped back', 7, -50, {}, proven],
    ['after it jumped far ahead', 7, 1_000_000, {}, proven],
  ])('%s: number %i at second %d', (_name, number, second, state, plan) => {
    expect(planTick(job(30, state), chain(number), at(second))).toEqual(plan);
  });

  it('drops with the number of the check that was made', () => {
    expect(planTick(job(30), chain(4), at(130))).toEqual({ do: 'drop', why: 'check 5 was made' });
  });
});

describe('a tick without a number', () => {
  it.each<[string, number, Partial<JobState>, unknown]>([
    ['at once', 101, {}, check],
    ['as soon as the lease has ended', 145, leased, check],
    ['whatever the lease, after the clock jumped back', -3600, leased, check],
  ])('is served %s', (_name, second, state, plan) => {
    expect(planTick(job(30, { ...wished, ...state }), chain(null), at(second))).toEqual(plan);
  });

  it.each<[string, number, Partial<JobState>, unknown]>([
    ['waits for the lease where no check comes before', 60, { ...wished, ...leased }, { do: 'resend', at_ms: at(130) }],
    ['waits no longer than the lease', 60, { ...wished, lease_until_ms: at(123) }, { do: 'resend', at_ms: at(123) }],
    ['ends where the chain comes before the lease ends', 30, { ...wished, ...leased }, drop],
    ['ends when the wish was accepted', 30, { ...wished, cancel_outcome: 'accepted' }, drop],
    ['ends when the wish was declined', 30, { ...wished, cancel_outcome: 'declined' }, drop],
    ['ends under a lease without any wish', 30, leased, drop],
    ['ends where there is neither a wish nor a check due', 30, {}, drop],
  ])('%s', (_name, interval_seconds, state, plan) => {
    expect(planTick(job(interval_seconds, state), chain(null), at(120))).toEqual(plan);
  });

  it('makes the check that is due for a job found at boot, whose wish was passed on long ago', () => {
    const found = job(30, { ...wished, cancel_outcome: 'accepted' });
    expect(planTick(found, chain(null), at(131))).toEqual(check);
  });

  it('makes the chain’s own tick run early', () => {
    expect(planTick(job(30, wished), chain(7), at(102))).toEqual(proven);
  });
});

describe('a heartbeat', () => {
  it.each<[string, number, number, Partial<JobState>, unknown]>([
    ['leaves the checks to the chain', 30, 130, {}, drop],
    ['gives the chain 15 s', 30, 144.999, {}, drop],
    ['takes over after them', 30, 145, {}, check],
    ['takes over after a jump ahead', 30, 1_000_000, {}, check],
    ['acts after a jump back', 30, -3600, {}, check],
    ['acts after a jump back, whatever the lease', 30, -3600, leased, check],
    ['respects a lease', 30, 144, { ...leased, next_check_at_ms: at(100) }, drop],
    ['passes on a wish', 30, 112, wished, check],
    ['has done with a wish that was accepted', 30, 112, { ...wished, cancel_outcome: 'accepted' }, drop],
    ['has done with a wish that was declined', 30, 112, { ...wished, cancel_outcome: 'declined' }, drop],
    ['lets a wish wait for the lease', 30, 112, { ...wished, ...leased }, drop],
    ['carries the checks from a minute on', 60, 160, {}, check],
    ['acts at half an interval', 60, 130, {}, check],
    ['acts not before', 60, 129.999, {}, drop],
    ['waits for a Retry-After', 60, 160, { not_before_ms: at(200) }, drop],
    ['waits no longer', 60, 200, { not_before_ms: at(200) }, check],
    ['makes the first check when it is due', 60, 58, { claimed_at_ms: null, next_check_at_ms: at(60) }, check],
    ['makes it not before', 60, 57.999, { claimed_at_ms: null, next_check_at_ms: at(60) }, drop],
    ['rests half of fifteen minutes', 900, 549, {}, drop],
    ['and no more', 900, 550, {}, check],
  ])('%s: every %i s, at second %d', (_name, interval_seconds, second, state, plan) => {
    expect(planTick(job(interval_seconds, state), heartbeat, at(second))).toEqual(plan);
  });
});

describe('heartbeatAt', () => {
  it.each<[string, number, number, Partial<JobState>, number]>([
    ['below a minute: when the chain is broken', 30, 110, {}, 145],
    ['from a minute on: when it is due', 60, 110, {}, 160],
    ['not before a Retry-After', 60, 110, { not_before_ms: at(200) }, 200],
    ['not under a lease', 30, 110, { lease_until_ms: at(150) }, 150],
    [
      'while starting: when the claim runs out',
      30,
      1,
      { phase: 'starting', starter_claimed_until_ms: at(135), next_check_at_ms: at(0) },
      135,
    ],
    ['while starting, unclaimed: when it is due', 30, 1, { phase: 'starting', next_check_at_ms: at(20) }, 20],
    ['at once after a jump back', 30, -3600, { lease_until_ms: at(150) }, -3600],
  ])('%s', (_name, interval_seconds, second, state, expected) => {
    expect(heartbeatAt(job(interval_seconds, state), at(second))).toBe(at(expected));
  });

  it.each([30, 60, 900])('is a time at which the plan is to check, every %i s', (interval_seconds) => {
    const one = job(interval_seconds, { not_before_ms: at(170), lease_until_ms: at(120) });
    expect(planTick(one, heartbeat, heartbeatAt(one, at(110)))).toEqual(check);
  });
});
