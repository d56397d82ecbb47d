import type { Dispatchers } from '../transports/dispatchers.ts';
import { exchange } from '../transports/exchange.ts';
import { readPace } from '../transports/retry-after.ts';
import { createGuard, ownHost } from '../transports/safe-connect.ts';
import { attempt_ms, type Delivery, delivered, failed, gone } from './delivery.ts';

const most_answer_bytes = 65_536;

export type Post = {
  url: URL;
  allow_http: boolean;
  allow_private_network: boolean;
  headers: Record<string, string>;
  body: string;
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
  const { url, allow_http, allow_private_network, now_ms } = attempt;
  const problem = createGuard({ allow_http, allow_private_network, allow_hosts: [ownHost(url)] })(url);
  if (problem !== undefined) return failed('not_allowed');
  const got = await exchange({
    dispatchers: attempt.dispatchers,
    allow_private_network,
    fresh: true,
    method: 'POST',
    origin: url.origin,
    path: url.pathname + url.search,
    headers: Object.entries(attempt.headers).flat(),
    body: attempt.body,
    limit_ms: attempt.limit_ms ?? attempt_ms,
    max_bytes: most_answer_bytes,
    ignore_body: true,
  });
  if (!got.ok) return failed(got.type);
  const { http_status } = got;
  if (http_status >= 200 && http_status < 300) return delivered;
  const error = `http_${http_status}`;
  if (attempt.gone_statuses.includes(http_status)) return gone(error);
  return failed(error, readPace(http_status, got.headers, now_ms).retry_after_seconds);
}
