import type { Tree } from '../core/jmespath.ts';
import { plain } from './plain.ts';

const most_figures = 8;
const most_depth = 2;
/** Members looked at, so that a big result costs no more than a small one. */
const most_seen = 64;

/** The first figures of a result, two levels deep: `p95_ms 812`, `errors.rate 0.41`. Keys and texts are the remote system's. */
export function figuresOf(result: Tree): string[] {
  const found: string[] = [];
  let seen = 0;
  walk(result, '', 0);
  return found;

  function walk(tree: Tree, name: string, depth: number): void {
    if (found.length >= most_figures || tree === null) return;
    if (typeof tree !== 'object') return void found.push(`${name}${spoken(tree)}`);
    if (Array.isArray(tree)) return void found.push(`${name}${tree.length} ${tree.length === 1 ? 'entry' : 'entries'}`);
    if (depth === most_depth) return;
    for (const key of Object.keys(tree)) {
      if (++seen > most_seen) return;
      const path = `${name === '' ? '' : `${name.trimEnd()}.`}${plain(key, 40)}`;
      walk(tree[key] ?? null, `${path} `, depth + 1);
    }
  }
}

const spoken = (leaf: string | number | boolean): string => {
  if (typeof leaf === 'string') return plain(leaf, 40);
  if (typeof leaf === 'boolean' || Number.isInteger(leaf)) return String(leaf);
  return String(Number(leaf.toPrecision(6)));
};
