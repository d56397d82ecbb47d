import { Webhook } from 'standardwebhooks';
import type { Target } from '../core/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { JobEvent } from '../ports.ts';
import { exchange } from '../transports/exchange.ts';
import { readPace } from '../transports/retry-after.ts';
import { createGuard, type Dispatchers, ownHost } from '../transports/safe-connect.ts';

const attempt_ms = 15_000;
const most_answer_bytes = 65_536;

/** `failed.gone` says that the target wants no more of this, ever (410). `error` is `http_500`, or a fault's name. */
export type Delivery =
  | { outcome: 'delivered' }
  | { outcome: 'failed'; gone: boolean; error: string; retry_after_seconds: number | null };

/** What one attempt sends: the bytes that are signed, and the headers that sign them. */
export type SignedEvent = { body: string; headers: Record<string, string> };

export type WebhookAttempt = {
  target: Pick<Target, 'url' | 'allow_http' | 'allow_private_network'>;
  event: JobEvent;
  /** The time of this attempt, epoch ms: receivers refuse what is older than five minutes. */
  now_ms: number;
  /** Resolved. `whsec_…` is base64, anything else is taken as it stands (its UTF-8 bytes). */
  secret: string;
  /** The guarded way out. */
  dispatchers: Dispatchers;
  /** The whole attempt (15,000 ms). */
  limit_ms?: number;
};

/** Signs an event as Standard Webhooks 1.0.0 has it; `webhook-id` is the event's id and stays the same on every retry. Throws ConfigError for a broken `whsec_` secret. */
export function signEvent(event: JobEvent, secret: string, now_ms: number): SignedEvent {
  const body = JSON.stringify({ type: event.type, timestamp: event.timestamp, data: event.data });
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'untildone',
      'webhook-id': event.event_id,
      'webhook-timestamp': String(Math.floor(now_ms / 1000)),
      'webhook-signature': signerOf(secret).sign(event.event_id, new Date(now_ms), body),
    },
  };
}

function signerOf(secret: string): Webhook {
  try {
    return secret.startsWith('whsec_')
      ? new Webhook(secret)
      : new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
  } catch {
    throw new ConfigError(
      'the webhook secret begins with "whsec_" but is not base64 after it, or is empty; use the secret as it was issued',
    );
  }
}

/** One attempt to tell a signed webhook: 2xx is delivered, everything else is a value that says why not. Redirects are not followed, the answer's body is ignored. */
export async function sendWebhook(attempt: WebhookAttempt): Promise<Delivery> {
  const { target, now_ms } = attempt;
  const url = new URL(target.url);
  const problem = createGuard({ ...target, allow_hosts: [ownHost(url)] })(url);
  if (problem !== undefined) return failed('not_allowed');
  let signed: SignedEvent;
  try {
    signed = signEvent(attempt.event, attempt.secret, now_ms);
  } catch {
    return failed('secret_unusable');
  }
  const got = await exchange({
    dispatcher: attempt.dispatchers.dispatcher({ allow_private_network: target.allow_private_network, fresh: true }),
    fresh: true,
    method: 'POST',
    origin: url.origin,
    path: url.pathname + url.search,
    headers: Object.entries(signed.headers).flat(),
    body: signed.body,
    limit_ms: attempt.limit_ms ?? attempt_ms,
    max_bytes: most_answer_bytes,
    ignore_body: true,
  });
  if (!got.ok) return failed(got.type);
  if (got.http_status >= 200 && got.http_status < 300) return { outcome: 'delivered' };
  return {
    outcome: 'failed',
    gone: got.http_status === 410,
    error: `http_${got.http_status}`,
    retry_after_seconds: readPace(got.http_status, got.headers, now_ms).retry_after_seconds,
  };
}

const failed = (error: string): Delivery => ({ outcome: 'failed', gone: false, error, retry_after_seconds: null });
