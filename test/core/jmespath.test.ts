import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expressionProblem, maxNesting, plantTree, valueAt } from '../../lib/core/jmespath.ts';
import { planted } from './a-job.ts';

const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
const depthOf = (value: unknown): number =>
  value !== null && typeof value === 'object' ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('plantTree', () => {
  it('copies onto objects that inherit nothing, at every level', () => {
    const tree = planted({ a: { b: [{ c: 1 }] } });
    expect(Object.getPrototypeOf(tree)).toBeNull();
    expect(Object.getPrototypeOf(valueAt(tree, 'a.b[0]'))).toBeNull();
  });

  it('keeps __proto__ and constructor as plain keys and pollutes nothing', () => {
    const body: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    const tree = planted(body);
    expect(JSON.stringify(tree)).toBe(JSON.stringify(body));
    expect(Object.getPrototypeOf(tree)).toBeNull();
    expect('polluted' in {}).toBe(false);
    expect(valueAt(tree, 'polluted')).toBeNull();
    expect(valueAt(tree, '"__proto__".polluted')).toBe(true);
  });

  it.each([
    ['as deep as allowed', maxNesting, true],
    ['one level deeper', maxNesting + 1, false],
    ['5,000 deep', 5_000, false],
  ])('takes a body that is %s: %i levels, %s', (_name, depth, taken) => {
    expect(plantTree(nested(depth)) !== undefined).toBe(taken);
  });

  it('takes 5,000 levels of lists for too deep, and not for a reason to fail', () => {
    expect(plantTree(JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`))).toBeUndefined();
  });

  it('is the same JSON again, up to 32 levels; anything deeper is no tree', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 40 }), (value) => {
        const json = JSON.stringify(value);
        const tree = plantTree(JSON.parse(json));
        expect(tree === undefined ? depthOf(value) : JSON.stringify(tree)).toEqual(
          tree === undefined ? expect.toSatisfy((depth: number) => depth > maxNesting) : json,
        );
      }),
    );
  });
});

describe('valueAt', () => {
  it.each([
    'constructor',
    'toString',
    'hasOwnProperty',
    '__proto__',
    'valueOf',
    'a.constructor',
    'a.toString',
    'a.__proto__',
    'list.constructor',
    'list[0].constructor.name',
    '{a: a}.constructor',
    '{a: a}.toString',
    '`{"a": 1}`.constructor',
    'merge(a, a).valueOf',
    '&a',
  ])('finds nothing inherited at %s', (expression) => {
    expect(valueAt(planted({ a: {}, list: [{}] }), expression)).toBeNull();
  });

  it.each([
    ['constructor', { constructor: 'mine' }, 'mine'],
    ['toString', { toString: 'mine' }, 'mine'],
    ['a.constructor', { a: { constructor: 1 } }, 1],
  ])('finds a key of the body that is called %s', (expression, body, value) => {
    expect(valueAt(planted(body), expression)).toBe(value);
  });

  const body = {
    status: 'DONE',
    error: { code: 7, message: 'boom' },
    done: false,
    tags: ['a', 'b'],
    empty: [],
    runs: [
      { id: 'r1', state: 'FINISHED', ms: 12 },
      { id: 'r2', state: 'RUNNING', ms: 30 },
    ],
  };
  it.each<[string, unknown]>([
    ['status', 'DONE'],
    ['error.message', 'boom'],
    ['runs[].state', ['FINISHED', 'RUNNING']],
    ['runs[0].id', 'r1'],
    ['runs[-1].id', 'r2'],
    ["runs[?state=='FINISHED'].id", ['r1']],
    ["runs[?state=='FINISHED'] | length(@)", 1],
    ['keys(error)', ['code', 'message']],
    ['max_by(runs, &ms).id', 'r2'],
    ["contains(['DONE', 'OVER'], status)", true],
    ['not_null(absent, status)', 'DONE'],
    ['error.code >= `5`', true],
    [
      'runs[*].{id: id, late: ms > `20`}',
      [
        { id: 'r1', late: false },
        { id: 'r2', late: true },
      ],
    ],
    ['absent.at.all', null],
  ])('reads %s on a planted tree as on a plain object', (expression, value) => {
    expect(JSON.parse(JSON.stringify(valueAt(planted(body), expression)))).toEqual(value);
  });

  it.each(['sort(list)', 'reverse(list)', 'sort_by(rows, &n)[0].n', 'reverse(sort(list))[0]'])(
    'leaves the tree as it was: %s',
    (expression) => {
      const tree = planted({ list: [3, 1, 2], rows: [{ n: 2 }, { n: 1 }] });
      const before = JSON.stringify(tree);
      const first = valueAt(tree, expression);
      expect(valueAt(tree, expression)).toEqual(first);
      expect(JSON.stringify(tree)).toBe(before);
    },
  );

  it.each(['foo(a)', 'a[?nope(b)]', 'abs(a)', 'sort_by(list, &x)', '(', 'join(`1`, a)'])(
    'reads a failing expression as nothing there: %s',
    (expression) => {
      expect(valueAt(planted({ a: ['x'], list: [{ x: 1 }, { x: true }] }), expression)).toBeNull();
    },
  );

  it('reads the average of nothing as nothing there', () => {
    expect(valueAt(planted([]), 'avg(@)')).toBeNull();
  });

  it('finds what is JSON, whatever the body and the expression', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(...manyExpressions), (value, expression) => {
        const found = valueAt(planted(JSON.parse(JSON.stringify(value))), expression);
        expect(JSON.parse(JSON.stringify(found))).toEqual(found);
      }),
    );
  });
});

const manyExpressions = [
  '@',
  'a',
  'a.b[0]',
  '[]',
  '[*]',
  '*',
  'keys(@)',
  '[0]',
  '{a: a, self: @}',
  '[@, @]',
  'a < `3`',
  'sort(@)',
  'to_string(@)',
  'length(@)',
  '{x: @}.constructor',
  'map(&type(@), @)',
];

describe('expressionProblem', () => {
  it.each([
    'state',
    'constructor',
    'toString',
    '__proto__',
    'a.constructor',
    "contains(['((((', '!!!!'], a)",
    'avg(nothing.yet)',
    'max_by(runs, &ms).id',
    'a && b && c && !d || (e && !f)',
    `${'a || '.repeat(100)}a`,
    'runs[*].{id: id, state: state, error: {code: error.code, message: error.message}}',
    "contains(['A','B','C','D','E'], a) || contains(['A','B','C','D','E'], b) || contains(['A','B','C','D','E'], c) || contains(['A','B','C','D','E'], d)",
    `[${'a,'.repeat(200)}a]`,
    `${'!'.repeat(32)}a`,
    `${'('.repeat(32)}a${')'.repeat(32)}`,
    'a'.repeat(512),
  ])('finds none in %s', (expression) => {
    expect(expressionProblem(expression)).toBeUndefined();
  });

  it.each([
    ['a'.repeat(513), 'is 513 characters long'],
    [`${'!'.repeat(33)}a`, 'nests deeper than 32'],
    [`${'! '.repeat(33)}a`, 'nests deeper than 32'],
    [`${'!'.repeat(400)}a`, 'nests deeper than 32'],
    [`${'('.repeat(33)}a${')'.repeat(33)}`, 'nests deeper than 32'],
    [`${'!('.repeat(17)}a${')'.repeat(17)}`, 'nests deeper than 32'],
    [`a${'[?b'.repeat(33)}${']'.repeat(33)}`, 'nests deeper than 32'],
    [`${')'.repeat(40)}${'('.repeat(73)}a`, 'nests deeper than 32'],
    [`'${')'.repeat(40)}' || ${'('.repeat(33)}a${')'.repeat(33)}`, 'nests deeper than 32'],
    ['a(', 'is no JMESPath expression'],
    ['a b', 'is no JMESPath expression'],
    ['', 'is no JMESPath expression'],
    ['foo(a)', 'Unknown function: foo()'],
    ['not_null()', 'Expected 1 argument'],
    ['`{`', 'is no JMESPath expression'],
  ])('rejects %s', (expression, words) => {
    expect(expressionProblem(expression)).toContain(words);
  });

  it.each([
    ['lists', Array(40).fill('[@,@]').join('|') + '[*]'.repeat(40)],
    ['lists by dots', `@${'.[@,@]'.repeat(40)}${'[*]'.repeat(40)}`],
    ['objects', Array(30).fill('{a:@,b:@}').join('|')],
    ['merged objects', Array(9).fill('merge({a:@},{b:@})').join('|')],
    ['mapped lists', Array(9).fill('map(&[@,@],[@])').join('|')],
    ['texts of texts', Array(20).fill('to_string([@])').join('|')],
    ['wide lists', Array(3).fill('[@,@,@,@,@,@,@]').join('|')],
  ])('rejects at once what doubles with every step: %s', (_name, expression) => {
    expect(expression.length).toBeLessThanOrEqual(512);
    expect(expressionProblem(expression)).toMatch(/repeats the document up to \d/);
  });

  it('says something or nothing of any text, and never throws', () => {
    const pieces = fc.constantFrom(
      '[',
      ']',
      '(',
      ')',
      '{',
      '}',
      '!',
      '&',
      '|',
      '@',
      '*',
      ',',
      'a',
      '"b"',
      '`1`',
      "'c",
      '?',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 60 }).map((all) => all.join('')),
        ),
        (text) => {
          expect(['string', 'undefined']).toContain(typeof expressionProblem(text));
        },
      ),
    );
  });
});
