import type { FaultType, HttpCall } from '../core/kind.ts';
import type { Answer, Fault } from '../ports.ts';
import type { Dispatchers } from './dispatchers.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { readAnswer } from './read-answer.ts';
import type { Redactor } from './redact.ts';
import { headerOf } from './retry-after.ts';
import type { Guard } from './safe-connect.ts';

/** One call, ready to go. */
export type ReadyCall = {
  call: HttpCall;
  origin: string;
  /** With the query. */
  path: string;
  /** Names and values in turn, the credential's among them. */
  headers: string[];
  redirects_as_answers: readonly number[];
  guard: Guard;
  redactor: Redactor;
  dispatchers: Dispatchers;
  allow_private_network: boolean;
  max_bytes: number;
  now_ms: () => number;
  /** On the monotonic clock of `performance.now()`, like timers: a wall clock set during a call neither cuts nor stretches it. */
  until_ms: number;
};

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
/** In a row. */
export const mostRedirects = 3;

/** A fault of a call that was refused before it left. */
export const refusal = (type: FaultType, message: string): Fault => ({
  answered: false,
  type,
  sent: false,
  message,
  retry_after_seconds: null,
  postponed: false,
});

/** Sends a call and, where that is wanted and it is a GET, follows up to 3 redirects within its scheme, host and port. */
export async function followCall(ready: ReadyCall): Promise<Answer | Fault> {
  const { origin } = ready;
  let { path } = ready;
  for (let hops = 0; ; hops++) {
    const got = await send(ready, path);
    if (!got.ok) return { ...refusal(got.type, ready.redactor.text(got.message)), sent: got.sent || hops > 0 };
    const location = isFollowed(ready, got.http_status) ? headerOf(got.headers, 'location') : undefined;
    const at = origin + path;
    if (location === undefined) return readAnswer(got, { at, now_ms: ready.now_ms(), redactor: ready.redactor });
    const next = URL.parse(location, at);
    // Going round in circles is trouble of theirs, which may pass; leading elsewhere is not ours to follow, ever.
    if (hops >= mostRedirects)
      return {
        ...refusal('refused', `${origin} answered with more than ${mostRedirects} redirects in a row`),
        sent: true,
      };
    const problem = redirectProblem(origin, next, ready.guard);
    if (next === null || problem !== undefined)
      return {
        ...refusal('redirected', `${origin} answered with a redirect that is not followed: ${problem}`),
        sent: true,
      };
    path = next.pathname + next.search;
  }
}

const isFollowed = ({ call, redirects_as_answers }: ReadyCall, status: number): boolean =>
  redirectStatuses.has(status) && (call.method ?? 'GET') === 'GET' && !redirects_as_answers.includes(status);

function send(ready: ReadyCall, path: string): Promise<Exchanged> {
  const method = ready.call.method ?? 'GET';
  const fresh = method !== 'GET';
  return exchange({
    dispatchers: ready.dispatchers,
    allow_private_network: ready.allow_private_network,
    fresh,
    method,
    origin: ready.origin,
    path,
    headers: ready.headers,
    body: ready.call.body === undefined ? null : JSON.stringify(ready.call.body),
    limit_ms: ready.until_ms - performance.now(),
    max_bytes: ready.max_bytes,
  });
}

/** Why a redirect from an origin is not followed, if it is not. */
export function redirectProblem(from: string, to: URL | null, guard: Guard): string | undefined {
  if (to === null) return 'its location is no URL';
  if (to.origin !== from) return 'it leads to another scheme, host or port';
  return guard(to);
}
