import { cutText } from './cut-text.ts';
import type { Id } from './handle.ts';
import { idsIn } from './handle.ts';
import type { Tree } from './jmespath.ts';
import { valueAt } from './jmespath.ts';
import type { EachSeen, Handle, JobSeen, Status } from './job.ts';
import type { Paths, ResolvedKind } from './kind.ts';
import { cutTree, textAt } from './looked-at.ts';
import type { Verdict } from './verdict.ts';

const maxStateLength = 80;
const maxMessageLength = 2 * 1024;
/** Characters of JSON that all answers together may keep. */
const maxValuesLength = 8 * 1024;

/** The ids of a handle as last seen; all of them running when none was. */
export function eachOf(each: string, handle: Handle, seen: JobSeen): EachSeen[] {
  const before = new Map((seen.each ?? []).map((one) => [one.id, one]));
  return idsIn(handle, each).map((id) => before.get(id) ?? unseen(id));
}

const unseen = (id: Id): EachSeen => ({ id, status: 'running', upstream_state: null, message: null, value: null });

const statusOf = (verdict: Verdict): Status =>
  verdict.type === 'success'
    ? 'complete'
    : verdict.type === 'failure'
      ? 'failed'
      : verdict.type === 'cancelled'
        ? 'cancelled'
        : 'running';

/** One id as an answer shows it. `share`: of how many ids; an answer that is too long for its share is not kept. */
export function seenAs(kind: ResolvedKind, id: Id, verdict: Verdict, body: Tree | undefined, share: number): EachSeen {
  if (body === undefined) return { ...unseen(id), status: statusOf(verdict) };
  const word = textAt(body, kind.paths.upstream_state);
  return {
    id,
    status: statusOf(verdict),
    upstream_state: word === null ? null : cutText(word, maxStateLength),
    message: textAt(body, kind.paths.message),
    value: JSON.stringify(body).length <= maxValuesLength / share ? body : null,
  };
}

/** Whether an answer is no sight of the job: it could not be seen, or not as it should be. */
export const isBlind = ({ type }: Verdict): boolean =>
  type !== 'going' && type !== 'success' && type !== 'failure' && type !== 'cancelled';

/**
 * What the ids amount to together: over when all are, failed if any is, and failing from the first that failed. `verdicts`
 * are those of this check; one that is blind stands for all, unless all are over.
 */
export function verdictOfAll(all: readonly EachSeen[], verdicts: readonly Verdict[]): Verdict {
  const has = (status: Status): boolean => all.some((one) => one.status === status);
  if (!has('running')) return { type: has('failed') ? 'failure' : has('cancelled') ? 'cancelled' : 'success' };
  const blind = verdicts.find(isBlind);
  if (blind !== undefined) return blind;
  const going = verdicts.flatMap((verdict) => (verdict.type === 'going' ? [verdict] : []));
  const phases = going.map(({ phase }) => phase);
  return {
    type: 'going',
    phase: has('failed') || phases.includes('failing') ? 'failing' : phases.includes('blocked') ? 'blocked' : 'polling',
    matched: going.every(({ matched }) => matched),
    resolved: has('complete') || has('failed') || has('cancelled') || going.some(({ resolved }) => resolved),
    retry_after_seconds: Math.max(0, ...going.map(({ retry_after_seconds }) => retry_after_seconds ?? 0)) || null,
  };
}

/** The words of all ids, each once: `RUNNING`, or `FINISHED, RUNNING`. */
export function wordOfAll(all: readonly EachSeen[]): string | null {
  const words = [...new Set(all.flatMap(({ upstream_state }) => upstream_state ?? []))];
  return words.length === 0 ? null : cutText(words.join(', '), 2 * maxStateLength);
}

/** The mean of 100 for those that are over and the progress of the others; null while one of these is unknown. */
export function progressOfAll(all: readonly EachSeen[], progress: ReadonlyMap<Id, number>): number | null {
  const each = all.map(({ id, status }) => (status === 'running' ? progress.get(id) : 100));
  if (each.some((one) => one === undefined)) return null;
  const sum = each.reduce<number>((total, one) => total + (one ?? 0), 0);
  return Math.min(99, Math.round((10 * sum) / all.length) / 10);
}

/** What a reader is shown of all ids: the words of those that failed, else of any; results in the order of the handle. */
export function seenOfAll(paths: Paths, all: readonly EachSeen[]): JobSeen {
  const said = (some: readonly EachSeen[]): string[] => [...new Set(some.flatMap(({ message }) => message ?? []))];
  const failed = said(all.filter(({ status }) => status === 'failed'));
  const words = failed.length > 0 ? failed : said(all);
  const { result } = paths;
  return {
    message: words.length === 0 ? null : cutText(words.join('\n'), maxMessageLength),
    observed: null,
    result: result === undefined ? null : cutTree(all.map(({ value }) => valueAt(value, result))),
    each: [...all],
  };
}

/** Whether an id came to another state or said something new. */
export const haveMoved = (before: readonly EachSeen[] | undefined, all: readonly EachSeen[]): boolean =>
  before === undefined ||
  all.some(({ id, status, upstream_state }, position) => {
    const was = before[position];
    return was?.id !== id || was.status !== status || was.upstream_state !== upstream_state;
  });
