import type { IncomingHttpHeaders } from 'node:http';

const longest_seconds = 7 * 86_400;
const httpDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, \d{2}[ -](?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;

/** The first value of a header, trimmed, or undefined. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value)?.trim();
}

const bounded = (seconds: number): number => Math.min(longest_seconds, Math.max(0, Math.ceil(seconds)));

/** `Retry-After` in whole seconds from `now_ms`, 0 to 7 days; null when absent or rubbish. RFC 9110 §10.2.3. */
export function retryAfterSeconds(headers: IncomingHttpHeaders, now_ms: number): number | null {
  const text = headerOf(headers, 'retry-after');
  if (text === undefined) return null;
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return bounded(Number(text));
  const at_ms = httpDate.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at_ms) ? null : bounded((at_ms - now_ms) / 1000);
}

/** `x-ratelimit-reset` as seconds from `now_ms`: epoch seconds (GitHub), or a small number that is a delay already. */
function resetSeconds(headers: IncomingHttpHeaders, now_ms: number): number | null {
  const text = headerOf(headers, 'x-ratelimit-reset');
  if (text === undefined || !/^\d+(?:\.\d+)?$/.test(text)) return null;
  const value = Number(text);
  return bounded(value < 1e9 ? value : value - now_ms / 1000);
}

/** Whether an answer is a rate limit (429, or a 403 in disguise), and when to come back. */
export function readPace(
  http_status: number,
  headers: IncomingHttpHeaders,
  now_ms: number,
): { rate_limited: boolean; retry_after_seconds: number | null } {
  const retry_after_seconds = retryAfterSeconds(headers, now_ms);
  if (http_status !== 429 && http_status !== 403) return { rate_limited: false, retry_after_seconds };
  const spent = headerOf(headers, 'x-ratelimit-remaining') === '0';
  const rate_limited = http_status === 429 || retry_after_seconds !== null || spent;
  return {
    rate_limited,
    retry_after_seconds: retry_after_seconds ?? (rate_limited && spent ? resetSeconds(headers, now_ms) : null),
  };
}
