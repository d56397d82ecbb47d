import type { Tree } from './jmespath.ts';
import { oncePerValue } from './once-per.ts';

/** `state`, `result.status`: nearly every path there is. */
const plain = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;

/** The field names of an expression that is nothing but names with dots between them, else null. */
export const plainPath: (expression: string) => readonly string[] | null = oncePerValue(1_000, (expression: string) =>
  plain.test(expression) ? expression.split('.') : null,
);

/** What JMESPath finds at a plain path, at a small part of what the library takes to get ready for any search. */
export function valueOfPath(tree: Tree, names: readonly string[]): unknown {
  let value: unknown = tree;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !(name in value)) return null;
    value = (value as Record<string, unknown>)[name]; // an object, as was just seen
  }
  return value;
}
