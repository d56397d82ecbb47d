import type { IncomingHttpHeaders } from 'node:http';
import { plantTree, type Tree } from '../core/jmespath.ts';
import type { FaultType } from '../core/kind.ts';
import type { Answer } from '../ports.ts';
import type { Redactor } from './redact.ts';
import { headerOf, readPace } from './retry-after.ts';

/** What came back, complete and within the limits. */
export type RawAnswer = { http_status: number; headers: IncomingHttpHeaders; text: string };

const linkNames = ['location', 'operation-location', 'azure-asyncoperation'] as const;
const noLinks: Record<string, string> = Object.freeze({});

/** Reads a raw answer: JSON whatever its content type says, secrets redacted, links resolved against the URL `at`. */
export function readAnswer(raw: RawAnswer, seen: { at: string; now_ms: number; redactor: Redactor }): Answer {
  return {
    answered: true,
    http_status: raw.http_status,
    ...readBody(raw, seen.redactor),
    links: readLinks(raw.headers, seen.at, seen.redactor),
    ...readPace(raw.http_status, raw.headers, seen.now_ms),
  };
}

type Body = { body: Tree | undefined; unparseable: FaultType | null };

function readBody(raw: RawAnswer, redactor: Redactor): Body {
  // Asked for identity; whatever is compressed all the same is not unpacked.
  const encoding = headerOf(raw.headers, 'content-encoding');
  const text = raw.text.startsWith('\uFEFF') ? raw.text.slice(1) : raw.text;
  if (text === '' || (text.length < 64 && text.trim() === '')) return { body: undefined, unparseable: null };
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return { body: undefined, unparseable: 'unparseable' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { body: undefined, unparseable: 'unparseable' };
  }
  const tree = plantTree(parsed);
  if (tree === undefined) return { body: undefined, unparseable: 'too_deep' };
  return { body: redactor.tree(tree, text), unparseable: null };
}

function readLinks(headers: IncomingHttpHeaders, base: string, redactor: Redactor): Record<string, string> {
  let links = noLinks;
  for (const name of linkNames) {
    const value = headerOf(headers, name);
    const url = value === undefined ? null : URL.parse(value, base);
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) continue;
    if (links === noLinks) links = {};
    links[name] = redactor.text(url.href);
  }
  return links;
}
