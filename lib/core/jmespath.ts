import { search } from '@aws-lambda-powertools/jmespath';

/** A parsed remote answer on null-prototype objects, so that no path reaches `Object.prototype`. */
export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

const maxExpressionLength = 512;
export const maxNesting = 32;

/**
 * The library keeps parsed expressions in a plain object, so an expression that *is* `constructor` or `toString` finds
 * an inherited function there and throws. A leading space changes the key and not the meaning.
 */
const cacheSafe = (expression: string): string => (expression in Object.prototype ? ` ${expression}` : expression);

const bracketDepth = (expression: string): number => {
  let depth = 0;
  let deepest = 0;
  for (const character of expression) {
    if ('([{'.includes(character)) deepest = Math.max(deepest, ++depth);
    else if (')]}'.includes(character)) depth--;
  }
  return deepest;
};

/** Says what is wrong with an expression, or undefined. */
export function expressionProblem(expression: string): string | undefined {
  if (expression.length > maxExpressionLength)
    return `is ${expression.length} characters long; a JMESPath expression may have ${maxExpressionLength}`;
  if (bracketDepth(expression) > maxNesting || (expression.match(/[!&]/g)?.length ?? 0) > maxNesting * 2)
    return `nests deeper than ${maxNesting} levels; write a simpler JMESPath expression`;
  try {
    search(cacheSafe(expression), Object.create(null));
    return undefined;
  } catch (error) {
    // A wrong *value* type is no fault of the expression: the empty document has no values yet.
    if (error instanceof Error && error.name === 'JMESPathTypeError') return undefined;
    return `is no JMESPath expression: ${error instanceof Error ? error.message.split('\n')[0] : 'it does not parse'}`;
  }
}

/** The value at `expression`, or null: a missing path and a failing expression both read as "nothing there". */
export function valueAt(tree: Tree, expression: string): Tree {
  try {
    // The library's own types speak of JSON objects with prototypes; ours are the same shapes without.
    return (search(cacheSafe(expression), tree as Parameters<typeof search>[1]) ?? null) as Tree;
  } catch {
    return null;
  }
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
  for (const [key, item] of Object.entries(value)) {
    const planted = plantTree(item, depth + 1);
    if (planted === undefined) return undefined;
    copy[key] = planted;
  }
  return copy;
}
