import type { Dispatchers } from '../transports/dispatchers.ts';
import { type Exchanged, exchange } from '../transports/exchange.ts';
import { readPace } from '../transports/retry-after.ts';
import { createGuard, type OutboundPolicy, ownHost } from '../transports/safe-connect.ts';
import { attempt_ms, type Delivery, delivered, failed, gone } from './delivery.ts';

const most_answer_bytes = 65_536;

/** Where a target is, and why it is not asked, if so. */
export type Way = { url: URL; allow_private_network: boolean; problem: string | undefined };

export const wayTo = (url: URL, { allow_http, allow_private_network }: Omit<OutboundPolicy, 'allow_hosts'>): Way => {
  const problem = createGuard({ allow_http, allow_private_network, allow_hosts: [ownHost(url)] })(url);
  return { url, allow_private_network, problem };
};

export type Post = {
  way: Way;
  headers: Record<string, string>;
  body: string;
  /** True where the receiver can tell that it has heard this before: it may hear it twice, and need not wait for a new connection. */
  repeatable: boolean;
  /** Statuses that say "never again". */
  gone_statuses: readonly number[];
  /** The guarded way out. */
  dispatchers: Dispatchers;
  now_ms: number;
  /** The whole attempt (15,000 ms). */
  limit_ms?: number | undefined;
};

/** Posts once through the guard: 2xx is delivered, everything else is a value that says why not. Redirects are not followed, the answer's body is ignored. */
export async function post(attempt: Post): Promise<Delivery> {
  if (attempt.way.problem !== undefined) return failed('not_allowed');
  const got = await send(attempt);
  if (!got.ok) return failed(got.type);
  const { http_status } = got;
  if (http_status >= 200 && http_status < 300) return delivered;
  const error = `http_${http_status}`;
  if (attempt.gone_statuses.includes(http_status)) return gone(error);
  return failed(error, readPace(http_status, got.headers, attempt.now_ms).retry_after_seconds);
}

/** A kept connection may be closed by the other side just as we write: then once more at once, on one of its own. */
async function send(attempt: Post): Promise<Exchanged> {
  const until_ms = performance.now() + (attempt.limit_ms ?? attempt_ms);
  const { url, allow_private_network } = attempt.way;
  const headers = Object.entries(attempt.headers).flat();
  const over = (connection: 'kept' | 'fresh'): Promise<Exchanged> =>
    exchange({
      dispatchers: attempt.dispatchers,
      allow_private_network,
      fresh: connection === 'fresh',
      method: 'POST',
      origin: url.origin,
      path: url.pathname + url.search,
      headers,
      body: attempt.body,
      limit_ms: until_ms - performance.now(),
      max_bytes: most_answer_bytes,
      ignore_body: true,
    });
  if (!attempt.repeatable) return over('fresh');
  const got = await over('kept');
  return !got.ok && got.sent && got.type === 'connection_reset' ? over('fresh') : got;
}
