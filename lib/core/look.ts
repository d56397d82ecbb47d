import { haveMoved, seenOfAll, wordOfAll } from './each.ts';
import type { Tree } from './jmespath.ts';
import type { EachSeen, Job, JobSeen } from './job.ts';
import { seenIn, textAt } from './looked-at.ts';
import { isRunningWord, type Verdict } from './verdict.ts';

/**
 * One look at the remote side: what it means, what it said, and the progress asked for apart (null: none known). A job of
 * several ids has `each` instead of a body, and the state words among them that no acceptor knows.
 */
export type Look = {
  verdict: Verdict;
  body: Tree | undefined;
  progress_pct: number | null;
  each?: { all: EachSeen[]; unknown_words: string[] };
  /** What the acceptors that matched warn of. */
  warnings?: string[];
};

/** Whether anything was read that could say how the job stands. */
export const hasSpoken = (look: Look): boolean =>
  look.body !== undefined ||
  look.each?.all.some(({ value, upstream_state }) => value !== null || upstream_state !== null) === true;

/** The remote word for the state; an empty answer has none. */
export function wordIn({ spec }: Job, look: Look): string | null {
  if (look.each !== undefined) return wordOfAll(look.each.all);
  return look.body === undefined ? null : textAt(look.body, spec.kind.paths.upstream_state);
}

/** State words that are neither in an acceptor nor commonly used for "still going"; `word` is the one of this look. */
export function unknownWordsIn(look: Look, word: string | null): string[] {
  if (look.each !== undefined) return look.each.unknown_words;
  if (look.verdict.type !== 'going' || look.verdict.matched || look.body === undefined) return [];
  return word === null || isRunningWord(word) ? [] : [word];
}

/** What a reader is shown of it; null when it said nothing. */
export function seenBy({ spec }: Job, look: Look): JobSeen | null {
  if (look.each !== undefined) return seenOfAll(spec.kind.paths, look.each.all);
  return look.body === undefined ? null : seenIn(spec.kind.paths, look.body);
}

/** Whether it shows what the record has not seen: the first sight, or an id that moved. */
export function isNewSight({ seen }: Job, look: Look): boolean {
  if (look.each !== undefined) return haveMoved(seen.each, look.each.all);
  return look.body !== undefined && look.body !== null && seen.observed === null;
}
