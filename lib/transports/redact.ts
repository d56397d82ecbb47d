import type { Tree } from '../core/jmespath.ts';

const mark = '[redacted]';
/** A shorter secret is in too much honest text to be found by search. */
const shortest = 4;

/** Takes known secrets out of what the remote side wrote, before anyone sees it. */
export type Redactor = {
  text(text: string): string;
  /** `raw` is the JSON the tree came from: the walk is skipped when no secret can be in it. */
  tree(tree: Tree, raw: string): Tree;
};

/** Replaces each of `secrets` (of 4 characters or more) wherever it stands, in keys, strings and numbers. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const wanted = [...new Set(secrets)]
    .filter((secret) => secret.length >= shortest)
    .sort((a, b) => b.length - a.length);
  const found = (text: string): boolean => wanted.some((secret) => text.includes(secret));
  const text = (original: string): string => wanted.reduce((rest, secret) => rest.replaceAll(secret, mark), original);
  const walk = (tree: Tree): Tree => {
    if (typeof tree === 'string') return text(tree);
    if (typeof tree === 'number') return found(String(tree)) ? mark : tree;
    if (tree === null || typeof tree !== 'object') return tree;
    if (Array.isArray(tree)) return tree.map(walk);
    const copy: { [key: string]: Tree } = Object.create(null);
    for (const [key, value] of Object.entries(tree)) copy[text(key)] = walk(value);
    return copy;
  };
  return {
    text,
    // An escape (`\/`, `\u0041`) can hide a secret from a search of the raw text, so any escape means a walk.
    tree: (tree, raw) => (wanted.length > 0 && (found(raw) || raw.includes('\\')) ? walk(tree) : tree),
  };
}
