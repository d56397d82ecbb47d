/** Edits (insert, delete, replace) that turn one word into the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** The candidate meant by a mistyped word, if one is near: at most a third of it differs, or it begins with it. */
export function closestWord(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  const [best] = ranked;
  if (best !== undefined && best.edits <= Math.max(1, Math.floor(best.candidate.length / 3))) return best.candidate;
  return word.length < 3 ? undefined : candidates.find((candidate) => candidate.startsWith(word));
}
