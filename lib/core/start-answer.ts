import { cutText } from './cut-text.ts';
import { isListedId, maxIds, namedSources } from './handle.ts';
import { type Tree, valueAt } from './jmespath.ts';
import type { Handle } from './job.ts';
import type { HandleSource, ResolvedKind } from './kind.ts';
import { textAt } from './looked-at.ts';
import type { Answer, Observation } from './observation.ts';

const maxIdLength = 2048;

/** What a start answer amounts to: the handle, or why there is none, in the remote system's words where it has any. */
export type StartAnswer = { ok: true; handle: Handle; warning: string | null } | { ok: false; message: string };

/** Reads the handle's values off the answer of the start call. */
export function readStartAnswer(kind: ResolvedKind, observation: Observation): StartAnswer {
  if (!observation.answered) return no(`the start call failed: ${observation.message}`);
  const { http_status, error } = observation;
  const said = (fallback: string): StartAnswer => no(wordsOf(observation, kind.paths.message) ?? fallback);
  if (error !== undefined) return no(error.message);
  if (http_status >= 400) return said(`the start call was answered with HTTP ${http_status}`);
  const handle: Handle = {};
  let warning: string | null = null;
  for (const { name, optional, source } of namedSources(kind.handle)) {
    const found = valueIn(observation, source);
    const value = name === kind.each ? idsOf(found) : isId(found) ? found : (kind.given?.[name] ?? null);
    if (value === null && !optional) {
      const where = typeof source === 'string' ? `at ${JSON.stringify(source)}` : `in ${source.header.join(', ')}`;
      return said(`the start call was answered with HTTP ${http_status}, but without a usable id "${name}" ${where}`);
    }
    if (value === null) continue;
    handle[name] = Array.isArray(value) ? value.slice(0, maxIds) : value;
    if (Array.isArray(value) && value.length > maxIds)
      warning = `the start answered with ${value.length} ids as ${name}; the first ${maxIds} are watched, the others are not`;
  }
  return { ok: true, handle, warning };
}

const no = (message: string): StartAnswer => ({ ok: false, message });

const valueIn = ({ body, links }: Answer, source: HandleSource): Tree => {
  if (typeof source === 'string') return body === undefined ? null : valueAt(body, source);
  return source.header.map((header) => links[header.toLowerCase()]).find((link) => link !== undefined) ?? null;
};

const isId = (value: Tree): boolean =>
  value !== null && value !== '' && typeof value !== 'object' && String(value).length <= maxIdLength;

/** A list of ids and nothing else, every one once; an empty list is no handle. */
function idsOf(value: Tree): Tree[] | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isListedId)) return null;
  return [...new Set(value)];
}

/** Where remote systems commonly put their reason, when the kind does not say. */
const wordPaths = ['error.message', 'message', 'detail', 'title', 'error', 'errors[0].message'];

function wordsOf(answer: Answer, path: string | undefined): string | null {
  if (answer.body === undefined) return null;
  if (typeof answer.body === 'string') return cutText(answer.body, 2048);
  for (const candidate of path === undefined ? wordPaths : [path, ...wordPaths]) {
    const words = textAt(answer.body, candidate);
    if (words !== null) return words;
  }
  return null;
}
