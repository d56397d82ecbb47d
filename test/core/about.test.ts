import { expect, it } from 'vitest';
import { asAbout } from '../../lib/core/about.ts';
import type { Handle } from '../../lib/core/job.ts';
import type { Observation } from '../../lib/core/observation.ts';
import { verdictOf } from '../../lib/core/verdict.ts';
import { aFault, anAnswer, someAcceptors, when } from './a-job.ts';

const about = { id: 'id || result.id' };
const verdict = (seen: Observation, handle: Handle = { id: '7' }): unknown =>
  verdictOf(someAcceptors, asAbout(about, handle, seen));

it.each<[string, Observation, string]>([
  ['our id', anAnswer(200, { id: '7', state: 'FINISHED' }), 'success'],
  ['our id as a number', anAnswer(200, { id: 7, state: 'FINISHED' }), 'success'],
  ['no id', anAnswer(200, { state: 'FINISHED' }), 'success'],
  ['another id', anAnswer(200, { id: '8', state: 'FINISHED' }), 'failed_check'],
  ['another id elsewhere', anAnswer(200, { result: { id: '8' }, state: 'ERROR' }), 'failed_check'],
  ['another id, still going', anAnswer(200, { id: '8', state: 'RUNNING' }), 'failed_check'],
  ['another id in a 404', anAnswer(404, { id: '8' }), 'not_found'],
  ['no body', anAnswer(202), 'going'],
  ['no answer', aFault('timeout'), 'failed_check'],
])('an answer with %s', (_name, seen, type) => {
  expect(verdict(seen)).toMatchObject({ type });
});

it('says whose answer it was', () => {
  expect(verdict(anAnswer(200, { id: '8', state: 'FINISHED' }))).toEqual({
    type: 'failed_check',
    fault: 'other_job',
    message: 'the answer is about "8", not about id "7"',
    retry_after_seconds: null,
  });
});

it('can be told by an acceptor', () => {
  const acceptors = [...someAcceptors, { state: 'failing' as const, matcher: { errorType: 'other_job' as const } }];
  const seen = asAbout(about, { id: '7' }, anAnswer(200, { id: '8', state: 'FINISHED' }));
  expect(verdictOf(acceptors, seen)).toMatchObject({ type: 'going', phase: 'failing' });
});

it('is asked of nobody whose kind does not say where an answer names its job', () => {
  const seen = anAnswer(200, { id: '8', state: 'FINISHED' });
  expect(asAbout(undefined, { id: '7' }, seen)).toBe(seen);
});

it('an acceptor that warns is heard, whatever it says', () => {
  const acceptors = [
    { ...when('success', 'PARTIAL'), warning: 'only in part' },
    { ...when('retry', 'SLOW'), warning: 'slow today' },
  ];
  expect(verdictOf(acceptors, anAnswer(200, { state: 'PARTIAL' }))).toEqual({
    type: 'success',
    warning: 'only in part',
  });
  expect(verdictOf(acceptors, anAnswer(200, { state: 'SLOW' }))).toMatchObject({
    type: 'going',
    warning: 'slow today',
  });
});
