import { describe, expect, it } from 'vitest';
import { cancelledReasons, failedReasons, phases } from '../../lib/core/job.ts';
import { nextStepOf } from '../../lib/core/next-step.ts';
import { aJob } from './a-job.ts';

describe('nextStepOf', () => {
  it.each(failedReasons)('says something short of %s, and never to do it again', (reason) => {
    const step = nextStepOf(aJob({ state: { status: 'failed', reason } }));
    expect(step?.length).toBeGreaterThan(10);
    expect(step?.length).toBeLessThanOrEqual(280);
    expect(step).not.toMatch(/retry|re-?try|run it again|start it again|re-?run|try again/i);
  });

  it.each(['auth_failed', 'start_rejected'] as const)(
    'says of %s for a dead credential whose it is, what to do, and that other jobs end the same way',
    (reason) => {
      const kind = { next_step: { start_rejected: 'of the kind' } };
      const ended = (renew: string) =>
        nextStepOf(
          aJob({
            kind,
            spec: { connection: 'o'.repeat(64) },
            state: { status: 'failed', reason, death: { id: '1', renew } },
          }),
        ) ?? '';
      expect(ended('store a valid one at env:T')).toMatch(
        /^The credential of connection "o+" was refused; renew it: store a valid one at env:T\. Its other jobs end the same way/,
      );
      expect(ended('store a valid one at '.padEnd(400, 'x'))).toHaveLength(280);
    },
  );

  it.each([
    [cancelledReasons[0], null],
    [cancelledReasons[1], 'Somebody cancelled it in the remote system. Read message for why.'],
  ])('says of %s: %s', (reason, step) => {
    expect(nextStepOf(aJob({ state: { status: 'cancelled', reason } }))).toBe(step);
  });

  it('says nothing of a success, and nothing on the way but that somebody must act', () => {
    expect(nextStepOf(aJob({ state: { status: 'complete' } }))).toBeNull();
    expect(phases.filter((phase) => nextStepOf(aJob({ state: { phase } })) !== null)).toEqual(['blocked']);
  });

  const next_step = {
    complete: 'c',
    failed: 'f',
    cancelled: 'x',
    start_rejected: 'r',
    start_unknown: 'u',
    timed_out: 't',
  };
  it.each(['unreachable', 'auth_failed', 'target_not_found', 'internal_error'] as const)(
    'never lets the kind speak of %s: nobody knows how the remote job fared',
    (reason) => {
      const words = nextStepOf(aJob({ state: { status: 'failed', reason } }));
      expect(nextStepOf(aJob({ kind: { next_step }, state: { status: 'failed', reason } }))).toBe(words);
    },
  );

  it.each([
    ['complete', null, 'c'],
    ['failed', 'upstream_failed', 'f'],
    ['cancelled', 'cancelled_upstream', 'x'],
    ['failed', 'start_rejected', 'r'],
    ['failed', 'start_unknown', 'u'],
    ['failed', 'timed_out', 't'],
  ] as const)('lets the kind speak first of %s, %s', (status, reason, step) => {
    const kind = { next_step };
    expect(nextStepOf(aJob({ kind, state: { status, reason } }))).toBe(step);
  });
});
