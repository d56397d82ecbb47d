import type { HttpCall } from '../core/kind.ts';
import { reservedHeaders } from '../core/reserved-headers.ts';

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const fieldValue = /^[\t\x20-\x7e]*$/;

const standard: Record<string, string> = { accept: 'application/json', 'user-agent': 'untildone' };
const standardList = [...Object.entries(standard).flat(), 'accept-encoding', 'identity'];

export type RequestHeaders = { ok: true; headers: string[] } | { ok: false; problem: string };

/** Names and values in turn: ours, the call's over them, and the credential's, which no call can replace. */
export function requestHeaders(call: HttpCall, credential: readonly string[]): RequestHeaders {
  if (call.headers === undefined && call.body === undefined)
    return { ok: true, headers: [...standardList, ...credential] };
  const merged: Record<string, string> = { ...standard };
  if (call.body !== undefined) merged['content-type'] = 'application/json';
  for (const [name, value] of Object.entries(call.headers ?? {})) {
    const lower = name.toLowerCase();
    if (!token.test(name)) return { ok: false, problem: 'a header name has characters HTTP does not allow' };
    if (!fieldValue.test(value))
      return { ok: false, problem: `the header ${name} has a line break or another character a header cannot carry` };
    if (reservedHeaders.has(lower) || credential.includes(lower))
      return {
        ok: false,
        problem: `the header ${name} is not for a call to set: it belongs to the connection or the transport`,
      };
    merged[lower] = value;
  }
  return { ok: true, headers: [...Object.entries(merged).flat(), 'accept-encoding', 'identity', ...credential] };
}
