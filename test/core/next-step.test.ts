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

  it.each([
    ['complete', null, 'c'],
    ['failed', 'upstream_failed', 'f'],
    ['cancelled', 'cancelled_upstream', 'x'],
  ] as const)('lets the kind speak first of %s', (status, reason, step) => {
    const kind = { next_step: { complete: 'c', failed: 'f', cancelled: 'x' } };
    expect(nextStepOf(aJob({ kind, state: { status, reason } }))).toBe(step);
  });
});
