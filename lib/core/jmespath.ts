import { search } from '@aws-lambda-powertools/jmespath';
import { oncePerValue } from './once-per.ts';
import { plainPath, valueOfPath } from './plain-path.ts';
import { weighExpression } from './weigh-expression.ts';

/** A parsed remote answer on null-prototype objects, so that no path reaches `Object.prototype`. */
export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

const maxExpressionLength = 512;
export const maxNesting = 32;
/** `[@,@]|[@,@]|…` doubles with every step: 512 characters of it would outlast us all. */
const maxCopies = 256;
/** A tree of 32 levels in an expression of 32, and then some. */
const maxFoundNesting = 128;

/**
 * The library keeps parsed expressions in a plain object, so an expression that *is* `constructor` or `toString` finds
 * an inherited function there and throws. A leading space changes the key and not the meaning.
 */
const cacheSafe = (expression: string): string => (expression in Object.prototype ? ` ${expression}` : expression);

/** Jobs of one sort come with the same few expressions; the longest there may be, all of them together are half a megabyte. */
const rememberedExpressions = 512;

/** Says what is wrong with an expression, or undefined. */
export const expressionProblem = (expression: string): string | undefined =>
  expression.length > maxExpressionLength
    ? `is ${expression.length} characters long; a JMESPath expression may have ${maxExpressionLength}`
    : problemIn(expression);

const problemIn = oncePerValue(rememberedExpressions, (expression: string): string | undefined => {
  const { nesting, copies } = weighExpression(expression);
  if (nesting > maxNesting) return `nests deeper than ${maxNesting} levels; write a simpler JMESPath expression`;
  if (copies > maxCopies)
    return `repeats the document up to ${copies} times; a JMESPath expression may do so ${maxCopies} times`;
  try {
    search(cacheSafe(expression), Object.create(null));
    return undefined;
  } catch (error) {
    // A wrong *value* type is no fault of the expression: the empty document has no values yet.
    if (error instanceof Error && error.name === 'JMESPathTypeError') return undefined;
    return `is no JMESPath expression: ${error instanceof Error ? error.message.split('\n')[0] : 'it does not parse'}`;
  }
});

/** The library sorts and reverses lists where they are: whoever looks next would see another answer. */
const rearranges = (expression: string): boolean => /\b(?:sort|reverse)\s*\(/.test(expression);

/** The value at `expression`, or null: a missing path and a failing expression both read as "nothing there". */
export function valueAt(tree: Tree, expression: string): Tree {
  const names = plainPath(expression);
  if (names !== null) return asFound(valueOfPath(tree, names), 0);
  try {
    const looked = rearranges(expression) ? asFound(tree, 0) : tree;
    // The library's own types speak of JSON objects with prototypes; ours are the same shapes without.
    return asFound(search(cacheSafe(expression), looked as Parameters<typeof search>[1]), 0);
  } catch {
    return null;
  }
}

/**
 * What the library found, as a tree. Objects that an expression makes (`{a: b}`, literals, `merge`) have a prototype, so
 * that a path on them can lead to functions; an average of nothing is NaN; an expression reference is an object.
 */
function asFound(value: unknown, depth: number): Tree {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null || depth > maxFoundNesting) return null;
  if (Array.isArray(value)) return value.map((item) => asFound(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return null;
  const copy: { [key: string]: Tree } = Object.create(null);
  for (const [key, item] of Object.entries(value)) copy[key] = asFound(item, depth + 1);
  return copy;
}

/** Copies parsed JSON onto null-prototype objects; undefined when it nests deeper than 32 levels. */
export function plantTree(value: unknown, depth = 0): Tree | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (typeof value !== 'object' || depth >= maxNesting) return undefined;
  if (Array.isArray(value)) {
    const list: Tree[] = [];
    for (const item of value) {
      const planted = plantTree(item, depth + 1);
      if (planted === undefined) return undefined;
      list.push(planted);
    }
    return list;
  }
  const copy: { [key: string]: Tree } = Object.create(null);
  // Keys, not entries: a list for each field of each answer would be a third of the work.
  for (const key of Object.keys(value)) {
    const planted = plantTree((value as Record<string, unknown>)[key], depth + 1);
    if (planted === undefined) return undefined;
    copy[key] = planted;
  }
  return copy;
}
