import { search } from '@aws-lambda-powertools/jmespath';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expressionProblem, type Tree, valueAt } from '../../lib/core/jmespath.ts';
import { plainPath, valueOfPath } from '../../lib/core/plain-path.ts';
import { planted } from './a-job.ts';

const names = ['a', 'b', '_', 'A1', 'length', 'constructor', 'toString', '__proto__', 'hasOwnProperty', 'name'];
const name = fc.constantFrom(...names);
const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.string());
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(name, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((all) => all.join('.'));

/** As the library has it. A leading space keeps names like `constructor` off its table of parsed expressions. */
const searched = (value: unknown, expression: string): unknown =>
  search(` ${expression}`, value as Parameters<typeof search>[1]); // JSON

describe('plainPath', () => {
  it.each(['a', 'a.b', '_x.y1.Z', 'constructor'])('reads %s as names', (expression) => {
    expect(plainPath(expression)).toEqual(expression.split('.'));
  });

  it.each(['', '@', 'a.', '.a', 'a..b', 'a.b[0]', '1a', 'a-b', ' a', 'a ', 'a\n', '"a"', 'a.*', 'é', 'a||b', 'a(b)'])(
    'leaves %j to the library',
    (expression) => {
      expect(plainPath(expression)).toBeNull();
    },
  );

  it('goes on telling names from other expressions when it has seen more than it remembers', () => {
    for (let i = 0; i < 3_000; i++) {
      expect(plainPath(`x${i}.y`)).toEqual([`x${i}`, 'y']);
      expect(plainPath(`x[${i}]`)).toBeNull();
    }
    expect(plainPath('x0.y')).toEqual(['x0', 'y']);
  });
});

describe('valueOfPath', () => {
  it('finds what the library finds, in trees and in objects that inherit', () => {
    fc.assert(
      fc.property(tree, path, (value, expression) => {
        const json: unknown = JSON.parse(JSON.stringify(value));
        const ways = plainPath(expression) ?? [];
        expect(valueOfPath(json as Tree, ways)).toBe(searched(json, expression));
        const body = planted(json);
        expect(valueOfPath(body, ways)).toBe(searched(body, expression));
        expect(valueAt(body, expression)).toEqual(valueAt(body, ` ${expression}`));
        expect(valueAt(json as Tree, expression)).toEqual(valueAt(json as Tree, ` ${expression}`));
      }),
      { numRuns: 2_000 },
    );
  });

  it('passes no expression as a path that the library would not parse', () => {
    const text = fc.array(fc.constantFrom('a', 'b1', '_', '.', '-', '[', '0', ' ', '\n', 'é'), { maxLength: 6 });
    fc.assert(
      fc.property(
        text.map((all) => all.join('')),
        (expression) => {
          fc.pre(plainPath(expression) !== null);
          expect(searched({}, expression)).toBeNull();
          expect(expressionProblem(expression)).toBeUndefined();
        },
      ),
    );
  });
});
