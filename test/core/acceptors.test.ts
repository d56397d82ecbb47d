import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultTypeOf, judge, readsBody, redirectsNamed } from '../../lib/core/acceptors.ts';
import { expressionProblem } from '../../lib/core/jmespath.ts';
import { type Acceptor, acceptorStates, comparators, type FaultType, faultTypes } from '../../lib/core/kind.ts';
import type { Observation } from '../../lib/core/observation.ts';
import { aFault, anAnswer, when } from './a-job.ts';

const path = (
  comparator: (typeof comparators)[number],
  expected: string | boolean,
  expression = 'value',
): Acceptor => ({ state: 'success', matcher: { path: expression, expected, comparator } });
const matches = (acceptor: Acceptor, value: unknown): boolean =>
  judge([acceptor], anAnswer(200, { value })).state !== null;

describe('comparators', () => {
  const values: [string, unknown][] = [
    ['the text', 'yes'],
    ['another text', 'no'],
    ['the empty text', ''],
    ['a number', 1],
    ['true', true],
    ['false', false],
    ['null', null],
    ['an object', { yes: 'yes' }],
    ['an empty list', []],
    ['a list of the text', ['yes']],
    ['a list of the text alone', ['yes', 'yes']],
    ['a list with the text', ['no', 'yes']],
    ['a list without it', ['no']],
    ['a list of lists', [['yes']]],
  ];
  const table: [Acceptor, string[]][] = [
    [path('stringEquals', 'yes'), ['the text']],
    [path('stringEquals', '1'), []],
    [path('stringEquals', 'true'), []],
    [path('stringEquals', ''), ['the empty text']],
    [path('booleanEquals', true), ['true']],
    [path('booleanEquals', 'true'), ['true']],
    [path('booleanEquals', 'false'), ['false']],
    [path('booleanEquals', 'yes'), []],
    [path('allStringEquals', 'yes'), ['a list of the text', 'a list of the text alone']],
    [path('anyStringEquals', 'yes'), ['a list of the text', 'a list of the text alone', 'a list with the text']],
  ];
  it.each(table)('%o matches its values and no other', (acceptor, wanted) => {
    expect(values.filter(([, value]) => matches(acceptor, value)).map(([name]) => name)).toEqual(wanted);
  });
});

describe('judge', () => {
  it.each(acceptorStates)('says %s when that acceptor matches', (state) => {
    expect(judge([when(state, 'X')], anAnswer(200, { state: 'X' }))).toEqual({ state, resolved: true });
  });

  it('takes the first match', () => {
    const acceptors = [when('retry', 'A'), when('failure', 'X'), when('success', 'X')];
    expect(judge(acceptors, anAnswer(200, { state: 'X' })).state).toBe('failure');
  });

  it.each<[string, unknown, boolean]>([
    ['a path that leads nowhere', { other: 1 }, false],
    ['a path that leads to null', { state: null }, false],
    ['a path that leads to another value', { state: 'B' }, true],
    ['a path that leads to false', { state: false }, true],
  ])('tells %s apart by resolved', (_name, body, resolved) => {
    expect(judge([when('success', 'A')], anAnswer(200, body))).toEqual({ state: null, resolved });
  });

  it.each([
    [200, false],
    [404, true],
    [429, true],
    [503, false],
  ])('matches httpStatus 404 and 429 on HTTP %i: %s', (http_status, matched) => {
    const acceptors: Acceptor[] = [{ state: 'retry', matcher: { httpStatus: [404, 429] } }];
    expect(judge(acceptors, anAnswer(http_status)).state === 'retry').toBe(matched);
  });

  it.each([200, 202, 303, 399])('looks into the body of HTTP %i', (http_status) => {
    expect(judge([when('success', 'X')], anAnswer(http_status, { state: 'X' })).state).toBe('success');
  });

  it.each([400, 404, 500, 503])('reads no path on HTTP %i', (http_status) => {
    expect(judge([when('success', 'X')], anAnswer(http_status, { state: 'X' }))).toEqual({
      state: null,
      resolved: false,
    });
  });

  it.each(faultTypes)('matches errorType %s on that fault and no other', (type) => {
    const one: Acceptor[] = [{ state: 'failure', matcher: { errorType: type } }];
    const matched = faultTypes.filter((fault) => judge(one, aFault(fault)).state === 'failure');
    expect(matched).toEqual([type]);
  });

  it('finds no path in what was not answered', () => {
    expect(judge([when('success', 'X')], aFault('timeout'))).toEqual({ state: null, resolved: false });
  });
});

describe('faultTypeOf', () => {
  it.each<[Observation, FaultType | null]>([
    [anAnswer(200, {}), null],
    [anAnswer(303), null],
    [anAnswer(200, undefined, { unparseable: 'unparseable' }), 'unparseable'],
    [anAnswer(200, undefined, { unparseable: 'too_deep' }), 'too_deep'],
    [anAnswer(400), 'refused'],
    [anAnswer(401), 'auth_failed'],
    [anAnswer(403), 'auth_failed'],
    [anAnswer(403, undefined, { rate_limited: true }), 'rate_limited'],
    [anAnswer(404), 'not_found'],
    [anAnswer(408), 'timeout'],
    [anAnswer(410), 'not_found'],
    [anAnswer(425), 'refused'],
    [anAnswer(429), 'rate_limited'],
    [anAnswer(500), 'server_error'],
    [anAnswer(599), 'server_error'],
    [aFault('dns'), 'dns'],
  ])('%o is %s', (observation, fault) => {
    expect(faultTypeOf(observation)).toBe(fault);
  });
});

describe('what acceptors speak of', () => {
  it.each([
    [[303], [303]],
    [[200, 301], [301]],
    [[200, 400], []],
    [[299], []],
  ])('httpStatus %o names the redirects %o', (httpStatus, named) => {
    expect(redirectsNamed([{ state: 'success', matcher: { httpStatus } }])).toEqual(named);
  });

  it('reads the body only for paths', () => {
    expect(readsBody([when('success', 'X')])).toBe(true);
    expect(readsBody([{ state: 'success', matcher: { httpStatus: [200] } }])).toBe(false);
  });
});

describe('for any acceptors and any answer', () => {
  const expressions = [
    '@',
    'a',
    'a.b',
    '[]',
    '[0]',
    'keys(@)',
    'constructor',
    'sort(@)',
    '{a: a}.toString',
    'a < b',
    '&a',
  ];
  const matcher = fc.oneof(
    fc.record({
      path: fc.constantFrom(...expressions),
      expected: fc.oneof(fc.string({ maxLength: 3 }), fc.boolean()),
      comparator: fc.constantFrom(...comparators),
    }),
    fc.record({ httpStatus: fc.array(fc.integer({ min: 100, max: 599 }), { minLength: 1, maxLength: 3 }) }),
    fc.record({ errorType: fc.constantFrom(...faultTypes) }),
  );
  const anAcceptor: fc.Arbitrary<Acceptor> = fc.record({ state: fc.constantFrom(...acceptorStates), matcher });
  const anObservation: fc.Arbitrary<Observation> = fc.oneof(
    fc
      .record({ status: fc.integer({ min: 200, max: 599 }), body: fc.jsonValue({ maxDepth: 4 }) })
      .map(({ status, body }) => anAnswer(status, JSON.parse(JSON.stringify(body)))),
    fc.constantFrom(...faultTypes).map((type) => aFault(type)),
  );

  it('uses expressions that are valid', () => {
    expect(expressions.map(expressionProblem)).toEqual(expressions.map(() => undefined));
  });

  it('never depends on what comes after the first match', () => {
    fc.assert(
      fc.property(fc.array(anAcceptor), fc.array(anAcceptor), anObservation, (before, after, observation) => {
        const first = judge(before, observation);
        fc.pre(first.state !== null);
        expect(judge([...before, ...after], observation)).toEqual(first);
      }),
    );
  });

  it('says the same when asked again', () => {
    fc.assert(
      fc.property(fc.array(anAcceptor), anObservation, (acceptors, observation) => {
        expect(judge(acceptors, observation)).toEqual(judge(acceptors, observation));
      }),
    );
  });
});
