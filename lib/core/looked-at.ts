import { cutText, firstOf } from './cut-text.ts';
import { type Tree, valueAt } from './jmespath.ts';
import type { JobSeen } from './job.ts';
import type { Paths, ProgressScale } from './kind.ts';

const maxTreeLength = 8 * 1024;
const maxMessageLength = 2 * 1024;

/** Keeps a remote value as it is up to 8 KB of JSON; beyond, its first 8 KB as text. */
export function cutTree(value: Tree): Tree {
  const text = JSON.stringify(value);
  return text.length <= maxTreeLength ? value : { _truncated: true, text: firstOf(text, maxTreeLength) };
}

/** The text at `path`, verbatim, cut at 2 KB; numbers and booleans as written, lists and objects as JSON. */
export function textAt(body: Tree, path: string | undefined): string | null {
  if (path === undefined) return null;
  const value = valueAt(body, path);
  if (value === null || value === '') return null;
  return cutText(typeof value === 'object' ? JSON.stringify(value) : String(value), maxMessageLength);
}

/**
 * A percentage 0–100 at `path`, or null. Display only: it never ends a job, so it stays below 100 before the end. Where the
 * scale is unknown, `about_pct` is where the job should be by now.
 */
export function progressAt(
  body: Tree,
  path: string | undefined,
  scale: ProgressScale = 'percent',
  about_pct: number | null = null,
): number | null {
  if (path === undefined) return null;
  const value = valueAt(body, path);
  const number = typeof value === 'string' ? Number.parseFloat(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  const percent = below100(number);
  const fraction = below100(number * 100);
  if (scale === 'percent') return percent;
  if (scale === 'fraction') return fraction;
  // More than 1 can only be a percentage. Up to 1 it can be both, and the nearer to the clock is the likelier.
  if (number > 1) return percent;
  if (about_pct === null) return fraction;
  return Math.abs(percent - about_pct) < Math.abs(fraction - about_pct) ? percent : fraction;
}

const below100 = (number: number): number => Math.min(99, Math.max(0, Math.round(number * 10) / 10));

/** What an answer shows a reader: message and result by the kind's paths, the whole as `observed`; each cut. */
export const seenIn = (paths: Paths, body: Tree): JobSeen => ({
  message: textAt(body, paths.message),
  observed: cutTree(body),
  result: paths.result === undefined ? null : cutTree(valueAt(body, paths.result)),
});
