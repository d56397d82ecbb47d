import type { HttpCall } from '../core/kind.ts';

/** The connection's url, taken apart once. `path` has no slash at its end; the url's own query is left out. */
export type BaseUrl = { origin: string; path: string };
/** Where a call goes: `path` with its query, as it is sent. `absolute` is the whole URL where the call names one, which is for the guard to judge. */
export type TargetUrl =
  | { ok: true; origin: string; path: string; absolute: URL | null }
  | { ok: false; problem: string };

/** The origin and path that relative URLs append to. */
export const baseUrlOf = (url: URL): BaseUrl => ({ origin: url.origin, path: url.pathname.replace(/\/+$/, '') });

/** Nothing in it that a URL parser would read, and so the way of nearly every check. */
const plainPath = /^(?:\/[\w-]+)+$/;
const scheme = /^[a-z][a-z0-9+.-]*:/i;
const encodedSyntax = /%(?:25)*(2e|2f|5c|3b)/gi;
const syntax: Record<string, string> = { '2e': '.', '2f': '/', '5c': '/', '3b': ';' };
/** `.` or `..` as a whole segment, also with the `;parameters` some servers cut off before they look. */
const dotSegment = /(?:^|\/)\.{1,2}(?:;[^/]*)?(?:\/|$)/;

const refuse = (problem: string): TargetUrl => ({ ok: false, problem });

/** Lays a call's url and query over the connection's url. Relative ones stay below its path; absolute ones are left to the guard. */
export function targetUrl(base: BaseUrl, text: string, query: HttpCall['query']): TargetUrl {
  if (query === undefined && plainPath.test(text))
    return { ok: true, origin: base.origin, path: base.path + text, absolute: null };
  const path = text.split(/[?#]/, 1)[0] ?? '';
  if (/\p{Cc}/u.test(text) || path.includes('\\'))
    return refuse('the URL has a backslash or a control character; percent-encode it');
  if (path.startsWith('//')) return refuse('the URL begins with "//"; write an absolute https URL, or a path');
  const relative = !scheme.test(path);
  if (!relative && !/^https?:\/\/[^/]/i.test(path))
    return refuse('the URL has a scheme other than https; write https://host/path, or a path');
  if (relative && climbs(path))
    return refuse('the URL has a "." or ".." segment; a relative URL stays below the path of its connection');
  const separator = path === '' || path.startsWith('/') ? '' : '/';
  const url = URL.parse(relative ? base.origin + base.path + separator + text : text);
  if (url === null) return refuse('the URL cannot be read; write https://host/path, or a path');
  if (relative && (url.origin !== base.origin || !`${url.pathname}/`.startsWith(`${base.path}/`)))
    return refuse('the URL leaves the path of its connection');
  if (query !== undefined) addQuery(url, query);
  return { ok: true, origin: url.origin, path: url.pathname + url.search, absolute: relative ? null : url };
}

function climbs(path: string): boolean {
  if (!path.includes('.') && !path.includes('%')) return false;
  return dotSegment.test(path.replace(encodedSyntax, (_, hex: string) => syntax[hex.toLowerCase()] ?? ''));
}

function addQuery(url: URL, query: NonNullable<HttpCall['query']>): void {
  const pairs = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(String(value))}`);
  if (pairs.length > 0) url.search = [url.search.slice(1), ...pairs].filter((part) => part !== '').join('&');
}

const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());
