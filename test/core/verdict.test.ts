import { describe, expect, it } from 'vitest';
import { type Acceptor, type FaultType, faultTypes } from '../../lib/core/kind.ts';
import type { Observation } from '../../lib/core/observation.ts';
import { isRunningWord, type Verdict, verdictOf } from '../../lib/core/verdict.ts';
import { aFault, anAnswer, someAcceptors } from './a-job.ts';

const running = { state: 'RUNNING' };
const html = { unparseable: 'unparseable' as const };

describe('verdictOf', () => {
  it.each<[string, Observation, Verdict['type'], FaultType?]>([
    ['200 JSON', anAnswer(200, running), 'going'],
    ['200 success', anAnswer(200, { state: 'FINISHED' }), 'success'],
    ['200 failure', anAnswer(200, { state: 'ERROR' }), 'failure'],
    ['200 cancelled', anAnswer(200, { state: 'ABORTED' }), 'cancelled'],
    ['200 HTML', anAnswer(200, undefined, html), 'failed_check', 'unparseable'],
    ['200 empty', anAnswer(200), 'failed_check', 'unparseable'],
    ['200 too deep', anAnswer(200, undefined, { unparseable: 'too_deep' }), 'failed_check', 'too_deep'],
    ['202 empty', anAnswer(202), 'going'],
    ['204', anAnswer(204), 'failed_check', 'unparseable'],
    ['301', anAnswer(301), 'failed_check', 'refused'],
    ['303', anAnswer(303), 'failed_check', 'refused'],
    ['400', anAnswer(400, running), 'failed_check', 'refused'],
    ['401', anAnswer(401), 'auth_failed'],
    ['403', anAnswer(403), 'auth_failed'],
    ['403 in disguise', anAnswer(403, undefined, { rate_limited: true }), 'failed_check', 'rate_limited'],
    ['404', anAnswer(404), 'not_found'],
    ['408', anAnswer(408), 'failed_check', 'timeout'],
    ['410', anAnswer(410), 'not_found'],
    ['425', anAnswer(425), 'failed_check', 'refused'],
    ['429', anAnswer(429), 'failed_check', 'rate_limited'],
    ['500', anAnswer(500, { state: 'FINISHED' }), 'failed_check', 'server_error'],
    ['503 HTML', anAnswer(503, undefined, html), 'failed_check', 'server_error'],
  ])('reads %s', (_name, observation, type, fault) => {
    expect(verdictOf(someAcceptors, observation)).toMatchObject({ type, ...(fault === undefined ? {} : { fault }) });
  });

  const refusals: Partial<Record<FaultType, Verdict['type']>> = {
    not_allowed: 'not_allowed',
    redirected: 'not_allowed',
    auth_failed: 'auth_failed',
  };
  it.each(faultTypes)('reads the fault %s, in its words', (fault) => {
    expect(verdictOf(someAcceptors, aFault(fault))).toMatchObject({
      type: refusals[fault] ?? 'failed_check',
      message: `${fault} happened`,
    });
  });

  it.each<[Acceptor['state'], Partial<Verdict>]>([
    ['retry', { type: 'going', phase: 'polling', matched: true }],
    ['failing', { type: 'going', phase: 'failing', matched: true }],
    ['blocked', { type: 'going', phase: 'blocked', matched: true }],
    ['success', { type: 'success' }],
    ['failure', { type: 'failure' }],
    ['cancelled', { type: 'cancelled' }],
  ])('lets an acceptor call a 503 %s', (state, verdict) => {
    expect(verdictOf([{ state, matcher: { httpStatus: [503] } }], anAnswer(503))).toMatchObject(verdict);
  });

  it.each([200, 303])('lets an acceptor call HTTP %i a success', (status) => {
    expect(verdictOf([{ state: 'success', matcher: { httpStatus: [status] } }], anAnswer(status)).type).toBe('success');
  });

  it('takes an empty answer for "not yet" when no acceptor reads the body', () => {
    const acceptors: Acceptor[] = [{ state: 'success', matcher: { httpStatus: [201] } }];
    expect(verdictOf(acceptors, anAnswer(200))).toMatchObject({ type: 'going', matched: false, resolved: true });
  });

  it.each<[Observation, number | null]>([
    [anAnswer(200, running, { retry_after_seconds: 40 }), 40],
    [anAnswer(202, undefined, { retry_after_seconds: 7 }), 7],
    [anAnswer(200, { state: 'ROLLING_BACK' }, { retry_after_seconds: 8 }), 8],
    [anAnswer(429, undefined, { retry_after_seconds: 9 }), 9],
    [aFault('timeout', { retry_after_seconds: 5 }), 5],
    [anAnswer(200, running), null],
  ])('hands on the Retry-After of %o', (observation, retry_after_seconds) => {
    expect(verdictOf(someAcceptors, observation)).toMatchObject({ retry_after_seconds });
  });

  it.each([
    [4, 4],
    [null, 1],
  ])('is postponed, whatever the acceptors, when nobody looked: %s → %i s', (retry_after_seconds, seconds) => {
    const acceptors: Acceptor[] = [{ state: 'failure', matcher: { errorType: 'rate_limited' } }];
    expect(verdictOf(acceptors, aFault('rate_limited', { postponed: true, retry_after_seconds }))).toEqual({
      type: 'postponed',
      seconds,
    });
  });

  it.each([
    ['RUNNING', true],
    ['In-Progress', true],
    ['in_progress', true],
    ['NotStarted', true],
    ['PAUSED', false],
    ['FINISHED', false],
    ['', false],
  ])('knows %s for a running word: %s', (word, known) => {
    expect(isRunningWord(word)).toBe(known);
  });
});
