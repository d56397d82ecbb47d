import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lostAfterErrors, maxUnsavedClaims } from '../../lib/core/cadence.ts';
import { type Decision, decide, plannedDueAt, settledAs } from '../../lib/core/decide.ts';
import { type EachSeen, type Job, type JobState, phases } from '../../lib/core/job.ts';
import type { Look } from '../../lib/core/look.ts';
import type { Verdict } from '../../lib/core/verdict.ts';
import { worthSaving } from '../../lib/core/worth-saving.ts';
import { aJob, epoch_ms, type JobParts, planted } from './a-job.ts';

const minute_ms = 60_000;
const deadline_ms = epoch_ms + 60 * minute_ms;
const maxChecks = 1000;

const going: Verdict = { type: 'going', phase: 'polling', matched: false, resolved: true };
const failed: Verdict = { type: 'failed_check', fault: 'timeout', message: 'no answer', retry_after_seconds: null };
const look = (verdict: Verdict, body?: unknown, progress_pct: number | null = null): Look => ({
  verdict,
  body: body === undefined ? undefined : planted(body),
  progress_pct,
});
/** A job that was claimed a second ago for check number 7, and looks as if it had been seen before. */
const claimed = (parts: JobParts = {}, now_ms = epoch_ms + 10 * minute_ms): Job =>
  aJob({
    ...parts,
    job: { seen: { message: null, observed: planted({ state: 'RUNNING' }), result: null }, ...parts.job },
    state: {
      checks: 7,
      claimed_at_ms: now_ms - 1000,
      lease_until_ms: now_ms + 44_000,
      told: ['overdue'],
      matched: true,
      ...parts.state,
    },
  });
const decided = (job: Job, seen: Look, now_ms = epoch_ms + 10 * minute_ms): Decision =>
  decide(job, seen, maxChecks, now_ms);
const dueIn = (decision: Decision, now_ms = epoch_ms + 10 * minute_ms): number | null =>
  decision.due_at_ms === null ? null : (decision.due_at_ms - now_ms) / 1000;

describe('every verdict, wished for or not, before the deadline and after', () => {
  const verdicts: Record<string, Verdict> = {
    success: { type: 'success' },
    failure: { type: 'failure' },
    cancelled: { type: 'cancelled' },
    auth_failed: { type: 'auth_failed', message: 'answered 401' },
    not_allowed: { type: 'not_allowed', message: 'outside' },
    not_found: { type: 'not_found', message: 'answered 404' },
    postponed: { type: 'postponed', seconds: 5 },
    failed_check: failed,
    going,
  };
  const end = { success: 'complete/null', auth: 'failed/auth_failed', allowed: 'failed/target_not_allowed' };
  const byCaller = 'cancelled/cancelled_by_caller';
  const late = 'failed/timed_out';
  it.each<[string, string, string, string, string]>([
    // verdict, before, wished, after, wished and after
    ['success', end.success, end.success, end.success, end.success],
    ['failure', 'failed/upstream_failed', byCaller, 'failed/upstream_failed', byCaller],
    ['cancelled', 'cancelled/cancelled_upstream', byCaller, 'cancelled/cancelled_upstream', byCaller],
    ['auth_failed', end.auth, end.auth, end.auth, end.auth],
    ['not_allowed', end.allowed, end.allowed, end.allowed, end.allowed],
    ['not_found', 'failed/target_not_found', byCaller, 'failed/target_not_found', byCaller],
    ['postponed', 'polling', 'polling', late, late],
    ['failed_check', 'polling', 'polling', late, late],
    ['going', 'polling', 'cancelling', late, late],
  ])('%s → %s, %s, %s, %s', (name, ...outcomes) => {
    const verdict = verdicts[name] ?? going;
    const cases = [epoch_ms + 10 * minute_ms, deadline_ms + minute_ms].flatMap((now_ms) =>
      [null, now_ms - 5000].map((cancel_requested_at_ms) => {
        const job = claimed({ state: { cancel_requested_at_ms, begun_at_ms: null } }, now_ms);
        const { state, due_at_ms } = decided(job, look(verdict), now_ms);
        return due_at_ms === null ? `${state.status}/${state.reason}` : (state.phase ?? job.state.phase);
      }),
    );
    expect(cases).toEqual(outcomes);
  });
});

describe('a 404', () => {
  it.each<[string, number | null, number, string]>([
    ['just after the start', 0, 1_000, 'goes on'],
    ['29.999 s after the start', 0, 29_999, 'goes on'],
    ['30 s after the start', 0, 30_000, 'target_not_found'],
    ['of an adopted job', null, 1_000, 'target_not_found'],
  ])('%s: %s ms begun, %i ms on → %s', (_name, begun, after_ms, outcome) => {
    const now_ms = epoch_ms + after_ms;
    const begun_at_ms = begun === null ? null : epoch_ms + begun;
    const job = claimed({ state: { begun_at_ms, checks: 1, consecutive_errors: 2 } }, now_ms);
    const decision = decided(job, look({ type: 'not_found', message: 'answered 404' }), now_ms);
    expect(decision.state.reason ?? 'goes on').toBe(outcome);
    expect(decision.state.consecutive_errors).toBeUndefined();
    expect(decision.tell).toEqual(decision.due_at_ms === null ? ['settled'] : []);
  });

  it('is tolerated no longer than the deadline', () => {
    const job = claimed({ job: { deadline_at_ms: epoch_ms + 10_000 } }, epoch_ms + 10_000);
    const decision = decided(job, look({ type: 'not_found', message: 'answered 404' }), epoch_ms + 10_000);
    expect(decision.state).toMatchObject({ status: 'failed', reason: 'timed_out' });
  });
});

describe('failed checks', () => {
  /** Lives through verdicts, each laid over the record as a save does; returns what was told at each. */
  function live(job: Job, looks: Look[]): { told: string[][]; job: Job } {
    let current = job;
    const told = looks.map((one, position) => {
      const decision = decided(current, one);
      const checks = current.state.checks + 1;
      current = {
        ...current,
        state: { ...current.state, ...decision.state, checks },
        seen: decision.seen ?? current.seen,
      };
      expect(decision.due_at_ms, `look ${position}`).not.toBeNull();
      return decision.tell;
    });
    return { told, job: current };
  }
  const bad = look(failed);
  const good = look(going, { state: 'RUNNING' });

  it('tell unreachable at the fifth in a row, once, and reachable once when the job is seen again', () => {
    const { told, job } = live(claimed(), [bad, bad, bad, bad, bad, bad, bad, good, good, bad]);
    expect(told).toEqual([[], [], [], [], ['unreachable'], [], [], ['reachable'], [], []]);
    expect(job.state).toMatchObject({ phase: 'polling', consecutive_errors: 1, last_error: 'timeout: no answer' });
  });

  it('are no more in a row after a good one', () => {
    expect(live(claimed(), [bad, bad, bad, bad, good, bad, bad, bad, bad]).told.flat()).toEqual([]);
  });

  it('show as a phase from the fifth on', () => {
    expect(live(claimed(), [bad, bad, bad, bad]).job.state.phase).toBe('polling');
    expect(live(claimed(), [bad, bad, bad, bad, bad]).job.state.phase).toBe('unreachable');
    const cancelling = claimed({ state: { cancel_requested_at_ms: epoch_ms, phase: 'cancelling' } });
    expect(live(cancelling, [bad, bad, bad, bad, bad])).toMatchObject({
      job: { state: { phase: 'cancelling' } },
      told: [[], [], [], [], ['unreachable']],
    });
  });

  it('do not count when nobody looked', () => {
    const lost = claimed({ state: { consecutive_errors: 6, phase: 'unreachable' } });
    const decision = decided(lost, look({ type: 'postponed', seconds: 5 }));
    expect(decision.state.consecutive_errors).toBeUndefined();
    expect(decision.tell).toEqual([]);
  });

  it('back off', () => {
    const job = (errors: number): Job => claimed({ state: { consecutive_errors: errors } });
    expect([0, 1, 2, 3].map((errors) => dueIn(decided(job(errors), bad)))).toEqual([29, 59, 59, 59]);
  });

  it.each([
    [lostAfterErrors - 1, 'unreachable', 'timeout: no answer'],
    [lostAfterErrors - 2, 'timed_out', null],
  ])('end the job at the deadline, after %i before, as %s', (consecutive_errors, reason, message) => {
    const job = claimed({ state: { consecutive_errors } }, deadline_ms);
    const decision = decided(job, bad, deadline_ms);
    expect(decision).toMatchObject({ state: { status: 'failed', reason }, seen: { message }, tell: ['settled'] });
  });
});

describe('events', () => {
  it('tells failing once a job', () => {
    const failing = look({ ...going, phase: 'failing', matched: true }, { state: 'ROLLING_BACK' });
    const first = decided(claimed(), failing);
    expect(first).toMatchObject({ tell: ['failing'], state: { phase: 'failing', told: ['overdue', 'failing'] } });
    expect(decided(claimed({ state: { told: ['overdue', 'failing'] } }), failing).tell).toEqual([]);
  });

  it('tells blocked at each entry', () => {
    const blocked = look({ ...going, phase: 'blocked', matched: true }, { state: 'NEEDS_APPROVAL' });
    expect(decided(claimed(), blocked).tell).toEqual(['blocked']);
    expect(decided(claimed({ state: { phase: 'blocked' } }), blocked).tell).toEqual([]);
    expect(decided(claimed({ state: { told: ['overdue', 'failing'] } }), blocked).tell).toEqual(['blocked']);
  });

  it.each([
    [599_999, [], []],
    [600_000, [], ['overdue']],
    [900_000, ['overdue'], []],
  ] as const)('tells overdue at twice the expectation, once, and never ends the job: %i ms', (after_ms, told, tell) => {
    const now_ms = epoch_ms + after_ms;
    const decision = decided(claimed({ state: { told: [...told] } }, now_ms), look(going, {}), now_ms);
    expect(decision.tell).toEqual(tell);
    expect(decision.due_at_ms).toBeGreaterThan(now_ms);
  });

  it('tells overdue on a failed check too', () => {
    expect(decided(claimed({ state: { told: [] } }), look(failed)).tell).toEqual(['overdue']);
  });
});

describe('a wish to cancel', () => {
  const wish = { cancel_requested_at_ms: epoch_ms + 9 * minute_ms };
  it('is looked after every five seconds', () => {
    expect(dueIn(decided(claimed({ state: { ...wish, cancel_outcome: 'accepted' } }), look(going, {})))).toBe(4);
    expect(dueIn(decided(claimed({ state: wish, kind: { pace: { floor_seconds: 20 } } }), look(going, {})))).toBe(19);
  });

  it('hides what else goes on while it is carried out', () => {
    const decision = decided(claimed({ state: wish }), look({ ...going, phase: 'blocked' }, {}));
    expect(decision).toMatchObject({ state: { phase: 'cancelling' }, tell: [] });
  });

  it('is over when it was declined: the job is watched as any other', () => {
    const job = claimed({ state: { ...wish, cancel_outcome: 'declined' } });
    const decision = decided(job, look({ ...going, phase: 'blocked', matched: true }, {}));
    expect(decision).toMatchObject({ state: { phase: 'blocked' }, tell: ['blocked'] });
    expect(dueIn(decision)).toBe(29);
  });
});

describe('when to look again', () => {
  it('counts from the claim, not from the answer', () => {
    expect(dueIn(decided(claimed(), look(going, {})))).toBe(29);
  });

  it.each<[string, Verdict]>([
    ['a good answer', { ...going, retry_after_seconds: 200 }],
    ['a failed check', { ...failed, retry_after_seconds: 200 }],
    ['our own rate budget', { type: 'postponed', seconds: 200 }],
  ])('waits for the Retry-After of %s', (_name, verdict) => {
    const decision = decided(claimed(), look(verdict));
    expect(dueIn(decision)).toBe(200);
    expect(decision.state.not_before_ms).toBe(decision.due_at_ms);
  });

  it('takes a Retry-After for a floor, never for a promise', () => {
    const decision = decided(claimed(), look({ ...going, retry_after_seconds: 2 }, {}));
    expect(dueIn(decision)).toBe(29);
    expect(decision.state.not_before_ms).toBe(0);
  });

  it('keeps a Retry-After that a heartbeat would come before', () => {
    const slow = (retry_after_seconds: number): Decision =>
      decided(claimed({ spec: { interval_seconds: 60 } }), look({ ...going, retry_after_seconds }, {}));
    expect(slow(40)).toMatchObject({
      due_at_ms: epoch_ms + 10 * minute_ms + 59_000,
      state: { not_before_ms: epoch_ms + 10 * minute_ms + 40_000 },
    });
    expect(slow(20).state.not_before_ms).toBe(0);
  });

  it('lets a Retry-After yield to the deadline, for heartbeats as well', () => {
    const decision = decided(claimed(), look({ ...failed, retry_after_seconds: 7200 }));
    expect(decision).toMatchObject({ due_at_ms: deadline_ms, state: { not_before_ms: deadline_ms } });
  });

  it('tries the last check again for an interval when it could not be made', () => {
    const at = (after_ms: number): Decision =>
      decided(claimed({}, deadline_ms + after_ms), look({ type: 'postponed', seconds: 9 }), deadline_ms + after_ms);
    expect(at(0).due_at_ms).toBe(deadline_ms + 1000);
    expect(at(29_999).due_at_ms).toBe(deadline_ms + 30_999);
    expect(at(30_000).state).toMatchObject({ status: 'failed', reason: 'timed_out' });
  });

  it.each<[number, 'now' | 'later', number]>([
    [1, 'now', 3],
    [2, 'now', 6],
    [5, 'now', 30],
    [0, 'later', 3],
    [1, 'later', 6],
  ])('plans the check after number %i (first check %s) in %i s', (checks, first_check, seconds) => {
    const job = aJob({ spec: { first_check } });
    expect((plannedDueAt(job, checks, epoch_ms, 0) - epoch_ms) / 1000).toBe(seconds);
  });

  it('plans nothing beyond the deadline', () => {
    expect(plannedDueAt(aJob(), 9, deadline_ms - 2000, 0)).toBe(deadline_ms);
  });

  it('goes on up the ramp by age, where the count was lost with the process', () => {
    const long = aJob();
    const after = (age_seconds: number): number => {
      const claimed_ms = long.started_at_ms + age_seconds * 1000;
      return (plannedDueAt(long, 1, claimed_ms, 0) - claimed_ms) / 1000;
    };
    expect([0, 3, 9, 20].map(after)).toEqual([3, 6, 12, 12]);
    expect(after(300)).toBe(long.spec.interval_seconds);
  });

  it.each([
    [maxChecks - 1, undefined],
    [maxChecks, 'internal_error'],
  ])('gives up after max_checks_per_job: check %i of 1,000 → %s', (checks, reason) => {
    const decision = decided(claimed({ state: { checks } }), look(going, { message: 'still at it' }));
    expect(decision.state.reason).toBe(reason);
    if (reason !== undefined) expect(decision.seen?.message).toBe('gave up after 1000 checks (max_checks_per_job)');
  });
});

describe('warnings', () => {
  const nothing = 'no acceptor path leads to a value in the answers so far';
  const unresolved: Verdict = { ...going, resolved: false };
  it('names an unknown word once, and ends nothing', () => {
    const decision = decided(claimed(), look(going, { state: 'PAUSED' }));
    expect(decision.state.warnings).toEqual([
      'the remote state "PAUSED" is in no acceptor; it is read as still running',
    ]);
    const again = decided(
      claimed({ state: { warnings: decision.state.warnings ?? [] } }),
      look(going, { state: 'PAUSED' }),
    );
    expect(again.state.warnings).toEqual(decision.state.warnings);
  });

  it.each<[string, Verdict]>([
    ['RUNNING', going],
    ['PAUSED', { ...going, matched: true }],
  ])('has nothing to say of %s when it is known', (state, verdict) => {
    expect(decided(claimed(), look(verdict, { state })).state.warnings).toEqual([]);
  });

  it('keeps room for others when the words never end', () => {
    let warnings: string[] = [];
    for (let step = 0; step < 20; step++)
      warnings = decided(claimed({ state: { warnings } }), look(going, { state: `Step ${step}` })).state.warnings ?? [];
    expect(warnings).toHaveLength(5);
  });

  it('says that nothing matches, and takes it back when something does', () => {
    const first = decided(claimed({ state: { matched: false } }), look(unresolved, { other: 1 }));
    expect(first.state).toMatchObject({ matched: false, warnings: [expect.stringContaining(nothing)] });
    const warned = claimed({ state: { matched: false, warnings: first.state.warnings ?? [] } });
    expect(decided(warned, look(going, { state: 'RUNNING' })).state).toMatchObject({ matched: true, warnings: [] });
  });

  it('does not blame the acceptors for an empty answer', () => {
    expect(decided(claimed({ state: { matched: false } }), look(unresolved)).state.warnings).toEqual([]);
  });
});

describe('what was seen', () => {
  it.each<[string, Partial<JobState>, unknown, boolean]>([
    ['at first sight', { upstream_state: 'RUNNING' }, { state: 'RUNNING' }, true],
    ['when nothing changes', { upstream_state: 'RUNNING' }, { state: 'RUNNING', at: 2 }, false],
    ['when the state changes', { upstream_state: 'QUEUED' }, { state: 'RUNNING' }, true],
    ['when the state is gone', { upstream_state: 'RUNNING' }, { other: 1 }, true],
    ['when the phase changes', { upstream_state: 'RUNNING', phase: 'blocked' }, { state: 'RUNNING' }, true],
    ['never without a body', { upstream_state: 'RUNNING', phase: 'blocked' }, undefined, false],
  ])('is saved %s', (name, state, body, saved) => {
    const seen = { message: null, observed: name === 'at first sight' ? null : planted({ old: true }), result: null };
    const decision = decided(claimed({ state, job: { seen } }), look(going, body));
    expect(decision.seen === null ? undefined : decision.seen.observed).toEqual(saved ? body : undefined);
  });

  it('keeps the last word through an empty answer', () => {
    expect(decided(claimed({ state: { upstream_state: 'RUNNING' } }), look(going)).state.upstream_state).toBe(
      'RUNNING',
    );
  });

  it('is saved at the end, result and all', () => {
    const body = { state: 'FINISHED', message: 'All  done.\n', result: { rps: 7 } };
    const decision = decided(claimed({ state: { progress_pct: 40 } }), look({ type: 'success' }, body));
    expect(decision).toMatchObject({
      seen: { message: 'All  done.\n', observed: body, result: { rps: 7 } },
      state: { status: 'complete', reason: null, upstream_state: 'FINISHED', progress_pct: 100, phase: null },
    });
  });

  it('makes no progress up', () => {
    expect(decided(claimed(), look({ type: 'success' })).state.progress_pct).toBeNull();
    expect(decided(claimed({ state: { progress_pct: 40 } }), look({ type: 'failure' })).state.progress_pct).toBe(40);
  });

  it('keeps a message verbatim up to 2 KB and cuts it there', () => {
    const message = (length: number): string | null | undefined =>
      decided(claimed(), look({ type: 'failure' }, { message: 'ü'.repeat(length) })).seen?.message;
    expect(message(2048)).toBe('ü'.repeat(2048));
    expect(message(2049)).toBe(`${'ü'.repeat(2047)}…`);
  });

  it('cuts observed and result at 8 KB, between characters', () => {
    const decision = decided(claimed(), look({ type: 'failure' }, { pad: 'a', result: '😀'.repeat(6000) }));
    for (const cut of [decision.seen?.observed, decision.seen?.result]) {
      expect(cut).toMatchObject({ _truncated: true, text: expect.any(String) });
      expect(JSON.stringify(cut).length).toBeLessThan(8400);
      expect(JSON.stringify(cut).isWellFormed() && !JSON.stringify(cut).includes('\\ud83d')).toBe(true);
    }
  });

  const before = { message: 'in progress', observed: planted({ message: 'in progress' }), result: null };
  it('keeps the death of the credential with a job that ends of it, and none with others', () => {
    const death = { id: 'secret-1', renew: 'store a valid one' };
    expect(decided(claimed(), look({ type: 'auth_failed', message: 'answered 401', death })).state.death).toEqual(
      death,
    );
    expect(decided(claimed(), look({ type: 'auth_failed', message: 'answered 403' })).state.death).toBeUndefined();
  });

  it.each<[string, Look, string]>([
    [
      'our verdict when this answer says nothing',
      look({ type: 'auth_failed', message: 'answered 401' }),
      'answered 401',
    ],
    [
      'the remote words on it when there are any',
      look({ type: 'not_found', message: 'answered 404' }, { message: 'no such run' }),
      'no such run',
    ],
  ])('puts %s before what was said on the way', (_name, seen, message) => {
    const job = claimed({ job: { seen: before }, state: { begun_at_ms: null } });
    expect(decided(job, seen).seen?.message).toBe(message);
  });

  it('leaves the last words when time is up', () => {
    const job = claimed({ job: { seen: before } }, deadline_ms);
    expect(decided(job, look(failed), deadline_ms).seen?.message).toBe('in progress');
  });
});

describe('worthSaving', () => {
  const now_ms = epoch_ms + 10 * minute_ms;
  /** A job in the middle of its life, as the claim of this check left it. */
  const settledIn = (state: Partial<JobState> = {}): Job => {
    const job = claimed({ state: { upstream_state: 'RUNNING', ...state } });
    return { ...job, state: { ...job.state, next_check_at_ms: now_ms + 29_000, ...state } };
  };
  const same = look(going, { state: 'RUNNING' });
  it.each<[string, Job, Look, boolean]>([
    ['nothing new', settledIn(), same, false],
    ['a small Retry-After', settledIn(), look({ ...going, retry_after_seconds: 5 }, { state: 'RUNNING' }), false],
    ['a large Retry-After', settledIn(), look({ ...going, retry_after_seconds: 50 }, { state: 'RUNNING' }), true],
    ['another word', settledIn(), look(going, { state: 'COLLECTING' }), true],
    ['a failed check', settledIn(), look(failed), true],
    ['an event', settledIn({ told: [] }), same, true],
    ['the end', settledIn(), look({ type: 'success' }), true],
    ['a warning', settledIn(), look(going, { state: 'PAUSED' }), true],
    ['another due time', settledIn({ next_check_at_ms: now_ms + 3000 }), same, true],
    ['a due time that moved by 999 ms', settledIn({ next_check_at_ms: now_ms + 29_000 - 999 }), same, false],
    ['a due time that moved by a second', settledIn({ next_check_at_ms: now_ms + 28_000 }), same, true],
    ['claims that nothing was heard of', settledIn({ unsaved_claims: maxUnsavedClaims - 2 }), same, true],
    ['new progress', settledIn(), look(going, { state: 'RUNNING' }, 40), true],
    [
      'new progress too soon',
      settledIn({ progress_saved_at_ms: now_ms - 1000 }),
      look(going, { state: 'RUNNING' }, 40),
      false,
    ],
    ['the same progress', settledIn({ progress_pct: 40 }), look(going, { state: 'RUNNING' }, 40), false],
  ])('%s', (_name, job, seen, worth) => {
    expect(worthSaving(job, decided(job, seen, now_ms), minute_ms, now_ms)).toBe(worth);
  });

  it.each([
    [['paused'], false],
    [['paused', 'resumed'], true],
    [[], true],
  ])('judges a list by what is in it: after "paused", %j', (warnings, worth) => {
    const job = settledIn({ warnings: ['paused'] });
    const decision = decided(job, same, now_ms);
    const again = { ...decision, state: { ...decision.state, warnings } };
    expect(worthSaving(job, again, minute_ms, now_ms)).toBe(worth);
  });

  it('does not save an answer of null again and again', () => {
    const job = settledIn({ upstream_state: null });
    const bare = { ...job, seen: { message: null, observed: null, result: null } };
    expect(worthSaving(bare, decided(bare, look(going, null), now_ms), minute_ms, now_ms)).toBe(false);
  });
});

describe('for any verdict at any time', () => {
  const seconds = fc.option(fc.nat({ max: 1_000_000 }), { nil: null });
  const message = fc.string({ maxLength: 20 });
  const aVerdict: fc.Arbitrary<Verdict> = fc.oneof(
    fc.record({ type: fc.constantFrom('success' as const, 'failure' as const, 'cancelled' as const) }),
    fc.record({ type: fc.constantFrom('auth_failed' as const, 'not_found' as const, 'not_allowed' as const), message }),
    fc.record({ type: fc.constant('postponed' as const), seconds: fc.nat({ max: 100_000 }) }),
    fc.record({
      type: fc.constant('failed_check' as const),
      fault: fc.constantFrom('timeout' as const, 'rate_limited' as const),
      message,
      retry_after_seconds: seconds,
    }),
    fc.record({
      type: fc.constant('going' as const),
      phase: fc.constantFrom('polling' as const, 'failing' as const, 'blocked' as const),
      matched: fc.boolean(),
      resolved: fc.boolean(),
      retry_after_seconds: seconds,
    }),
  );
  const aState: fc.Arbitrary<Partial<JobState>> = fc.record({
    phase: fc.constantFrom(...phases),
    checks: fc.integer({ min: 1, max: 1100 }),
    consecutive_errors: fc.nat({ max: 12 }),
    begun_at_ms: fc.constantFrom(null, epoch_ms),
    cancel_requested_at_ms: fc.constantFrom(null, epoch_ms + 1),
    cancel_outcome: fc.constantFrom(null, 'accepted' as const, 'declined' as const),
    told: fc.subarray(['failing' as const, 'overdue' as const]),
  });
  const aBody = fc.option(fc.jsonValue({ maxDepth: 3 }), { nil: undefined });

  it('ends with one settled event and no due time, or goes on and looks again by the deadline', () => {
    fc.assert(
      fc.property(
        aVerdict,
        aState,
        aBody,
        fc.nat({ max: 3_700_000 }),
        fc.nat({ max: 30_000 }),
        (verdict, state, body, after_ms, took_ms) => {
          const now_ms = epoch_ms + after_ms;
          const job = aJob({ state: { ...state, claimed_at_ms: now_ms - took_ms } });
          const json = body === undefined ? undefined : JSON.parse(JSON.stringify(body));
          const decision = decided(job, look(verdict, json), now_ms);
          if (decision.due_at_ms === null) {
            expect(decision.tell).toEqual(['settled']);
            expect(decision.state).toMatchObject({ settled_at_ms: now_ms, phase: null, lease_until_ms: 0 });
            expect(['complete', 'failed', 'cancelled']).toContain(decision.state.status);
            expect(decision.state.reason === null).toBe(decision.state.status === 'complete');
          } else {
            expect(decision.state.status).toBeUndefined();
            expect(decision.tell).not.toContain('settled');
            expect(new Set(decision.tell).size).toBe(decision.tell.length);
            expect(decision.due_at_ms).toBeGreaterThan(now_ms);
            expect(decision.due_at_ms).toBeLessThanOrEqual(Math.max(job.deadline_at_ms, now_ms + 1000));
            expect(decision.state.next_check_at_ms).toBe(decision.due_at_ms);
          }
        },
      ),
    );
  });
});

it('settles with one patch', () => {
  expect(settledAs('failed', 'timed_out', 5)).toEqual({
    status: 'failed',
    reason: 'timed_out',
    phase: null,
    settled_at_ms: 5,
    lease_until_ms: 0,
    unsaved_claims: 0,
    starter_claimed_until_ms: null,
  });
});

describe('a look that warns', () => {
  const warns = (verdict: Verdict, ...warnings: string[]): Look => ({
    ...look(verdict, { state: 'RUNNING' }),
    warnings,
  });

  it.each<[string, Verdict]>([
    ['the end', { type: 'success' }],
    ['a job that goes on', going],
    ['a failed check', failed],
  ])('is heard at %s, once, after what was heard before', (_name, verdict) => {
    const job = claimed({ state: { warnings: ['before'] } });
    expect(decided(job, warns(verdict, 'only in part', 'only in part')).state.warnings).toEqual([
      'before',
      'only in part',
    ]);
  });
});

describe('a look at several ids', () => {
  const eachOf = (...all: EachSeen[]): Look => ({
    verdict: going,
    body: undefined,
    progress_pct: null,
    each: { all, unknown_words: [] },
  });
  const ran: EachSeen = { id: 'a', status: 'running', upstream_state: 'RUNNING', message: 'on my way', value: null };
  const failedOne: EachSeen = { ...ran, id: 'b', status: 'failed', upstream_state: 'ERROR', message: 'no engine' };

  it('keeps what it saw when it ends for another reason, in our words', () => {
    const denied: Look = { ...eachOf(ran, failedOne), verdict: { type: 'auth_failed', message: 'a: refused' } };
    expect(decided(claimed(), denied).seen).toMatchObject({ message: 'a: refused', each: [ran, failedOne] });
    const over: Look = { ...eachOf(failedOne), verdict: { type: 'failure' } };
    expect(decided(claimed(), over)).toMatchObject({
      state: { upstream_state: 'ERROR', reason: 'upstream_failed' },
      seen: { message: 'no engine' },
    });
  });

  it('is kept even if the check failed, as soon as one of them moved', () => {
    const blind: Look = { ...eachOf(ran, failedOne), verdict: failed };
    const seen = { message: null, observed: null, result: null };
    const moved = decided(claimed({ job: { seen: { ...seen, each: [ran, { ...ran, id: 'b' }] } } }), blind);
    expect(moved.seen).toMatchObject({ each: [ran, failedOne] });
    expect(moved.state.consecutive_errors).toBe(1);
    expect(decided(claimed({ job: { seen: { ...seen, each: [ran, failedOne] } } }), blind).seen).toBeNull();
  });

  it('takes back no word that it did not hear', () => {
    const silent: Look = eachOf({ ...ran, upstream_state: null });
    expect(decided(claimed({ state: { upstream_state: 'RUNNING' } }), silent).state.upstream_state).toBe('RUNNING');
  });
});
