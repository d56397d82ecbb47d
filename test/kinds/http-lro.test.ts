import { describe, expect, it } from 'vitest';
import { redirectsNamed } from '../../lib/core/acceptors.ts';
import { expressionProblem } from '../../lib/core/jmespath.ts';
import { kindSchema } from '../../lib/core/kind.ts';
import { progressAt, textAt } from '../../lib/core/looked-at.ts';
import { verdictOf } from '../../lib/core/verdict.ts';
import { http } from '../../lib/kinds/http.ts';
import { httpLro } from '../../lib/kinds/http-lro.ts';
import { anAnswer, planted } from '../core/a-job.ts';

const { acceptors = [], paths = {} } = httpLro;
const outcome = (status: number, body?: unknown): string => {
  const verdict = verdictOf(acceptors, anAnswer(status, body));
  return verdict.type === 'going' ? `going${verdict.matched ? '' : ', unknown'}` : verdict.type;
};
const azureError = { code: 'Conflict', message: 'disk is full' };

describe('http-lro reads', () => {
  it.each<[string, number, unknown, string]>([
    ['Azure, not started', 200, { id: '1', status: 'NotStarted' }, 'going'],
    ['Azure, running', 200, { status: 'Running', percentComplete: 40 }, 'going'],
    ['Azure, in progress', 200, { status: 'InProgress' }, 'going'],
    ['Azure, running after an error on the way', 200, { status: 'Running', error: azureError }, 'going'],
    ['Azure, succeeded', 200, { status: 'Succeeded', result: { url: 'x' } }, 'success'],
    ['Azure, succeeded in lower case', 200, { status: 'succeeded' }, 'success'],
    ['Azure, failed', 200, { status: 'Failed', error: azureError }, 'failure'],
    ['Azure, canceled', 200, { status: 'Canceled' }, 'cancelled'],
    ['Azure, canceled with an error', 200, { status: 'Canceled', error: azureError }, 'cancelled'],
    ['another spelling of cancelled', 200, { status: 'CANCELLED' }, 'cancelled'],
    ['a resource that is provisioned', 200, { properties: { provisioningState: 'Succeeded' } }, 'success'],
    ['a resource on its way', 200, { properties: { provisioningState: 'Updating' } }, 'going, unknown'],
    [
      'a resource on its way with an error',
      200,
      { properties: { provisioningState: 'Updating' }, error: azureError },
      'going, unknown',
    ],
    ['a resource that failed', 200, { properties: { provisioningState: 'Failed' } }, 'failure'],
    ['AIP-151, not done', 200, { name: 'operations/1', done: false, metadata: { progressPercent: 3 } }, 'going'],
    ['AIP-151, no word yet', 200, { name: 'operations/1' }, 'going, unknown'],
    ['AIP-151, done', 200, { done: true, response: { '@type': 'x', rows: 4 } }, 'success'],
    ['AIP-151, done with nothing to say', 200, { done: true }, 'success'],
    ['AIP-151, done with an error', 200, { done: true, error: { code: 13, message: 'boom' } }, 'failure'],
    ['AIP-151, cancelled', 200, { done: true, error: { code: 1, message: 'stopped' } }, 'cancelled'],
    ['an error and no other word', 200, { error: { message: 'boom' } }, 'failure'],
    ['an error that is no object', 200, { error: 'none' }, 'going, unknown'],
    ['done as text', 200, { done: 'true' }, 'going, unknown'],
    ['an unknown word', 200, { status: 'Paused' }, 'going, unknown'],
    ['303: the result is elsewhere', 303, undefined, 'success'],
    ['303 with a body', 303, { status: 'Running' }, 'success'],
    ['202 and nothing else', 202, undefined, 'going, unknown'],
    ['202 and a status', 202, { status: 'Succeeded' }, 'success'],
    ['404', 404, { error: azureError }, 'not_found'],
    ['500 with a status', 500, { status: 'Failed' }, 'failed_check'],
    ['429', 429, undefined, 'failed_check'],
    ['a list', 200, [], 'going, unknown'],
  ])('%s (HTTP %i)', (_name, status, body, expected) => {
    expect(outcome(status, body)).toBe(expected);
  });
});

describe('http-lro shows', () => {
  it.each<[unknown, string | null]>([
    [{ status: 'Running' }, 'Running'],
    [{ properties: { provisioningState: 'Updating' } }, 'Updating'],
    [{ done: false }, 'running'],
    [{ done: true }, 'done'],
    [{}, null],
  ])('the state of %j as %s', (body, word) => {
    expect(textAt(planted(body), paths.upstream_state)).toBe(word);
  });

  it.each<[unknown, number | null]>([
    [{ percentComplete: 40 }, 40],
    [{ percentComplete: 0 }, 0],
    [{ metadata: { progressPercent: 3 } }, 3],
    [{ metadata: { progressPercentage: 7 } }, 7],
    [{}, null],
  ])('the progress of %j as %s', (body, progress) => {
    expect(progressAt(planted(body), paths.progress)).toBe(progress);
  });

  it.each<[unknown, string | null]>([
    [{ error: azureError }, 'disk is full'],
    [{ message: 'hello' }, 'hello'],
    [{}, null],
  ])('the words of %j as %s', (body, words) => {
    expect(textAt(planted(body), paths.message)).toBe(words);
  });
});

describe('the built-in kinds', () => {
  it.each([http, httpLro])('are what the schema of kinds allows: $name', (kind) => {
    expect(kindSchema.safeParse(kind)).toEqual({ success: true, data: kind });
  });

  it('have expressions that parse', () => {
    const expressions = [
      ...acceptors.flatMap(({ matcher }) => ('path' in matcher ? [matcher.path] : [])),
      ...Object.values(paths).flatMap((path) => path ?? []),
    ];
    expect(expressions.length).toBeGreaterThan(10);
    expect(expressions.map(expressionProblem)).toEqual(expressions.map(() => undefined));
  });

  it('do not follow the 303 of http-lro', () => {
    expect(redirectsNamed(acceptors)).toEqual([303]);
  });
});
