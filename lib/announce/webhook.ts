import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { WebhookTarget } from '../core/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import { oncePer } from '../core/once-per.ts';
import type { JobEvent } from '../ports.ts';
import type { Dispatchers } from '../transports/dispatchers.ts';
import { type Delivery, failed } from './delivery.ts';
import { post, wayTo } from './post.ts';

export type { Delivery };

/** What one attempt sends: the bytes that are signed, and the headers that sign them. */
export type SignedEvent = { body: string; headers: Record<string, string> };

export type WebhookAttempt = {
  target: Pick<WebhookTarget, 'url' | 'allow_http' | 'allow_private_network'>;
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
export function signEvent({ event_id, type, timestamp, data }: JobEvent, secret: string, now_ms: number): SignedEvent {
  const body = JSON.stringify({ type, timestamp, data });
  const at = String(Math.floor(now_ms / 1000));
  const signature = createHmac('sha256', keyOf(secret)).update(`${event_id}.${at}.${body}`).digest('base64');
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'untildone',
      'webhook-id': event_id,
      'webhook-timestamp': at,
      'webhook-signature': `v1,${signature}`,
    },
  };
}

const base64Prefix = 'whsec_';
const base64Pattern = /^[A-Za-z0-9+/]{2,}={0,2}$/;

/** The key that a secret stands for, as what Node signs with at once: plain bytes cost it five times as much. Throws ConfigError for a broken `whsec_` secret, and for none. */
export function keyOf(secret: string): KeyObject {
  if (!secret.startsWith(base64Prefix) && secret !== '') return createSecretKey(secret, 'utf8');
  const text = secret.slice(base64Prefix.length);
  if (base64Pattern.test(text)) return createSecretKey(text, 'base64');
  throw new ConfigError(
    'the webhook secret begins with "whsec_" but is not base64 after it, or is empty; use the secret as it was issued',
  );
}

/** Configured targets live as long as the process. */
const wayOf = oncePer((target: WebhookAttempt['target']) => wayTo(new URL(target.url), target));

/** One attempt to tell a signed webhook: 2xx is delivered, 410 is gone, everything else is a value that says why not. */
export async function sendWebhook(attempt: WebhookAttempt): Promise<Delivery> {
  const { target, event, now_ms, dispatchers, limit_ms } = attempt;
  let signed: SignedEvent;
  try {
    signed = signEvent(event, attempt.secret, now_ms);
  } catch {
    return failed('secret_unusable');
  }
  return post({
    way: wayOf(target),
    ...signed,
    // By `webhook-id`.
    repeatable: true,
    gone_statuses: [410],
    dispatchers,
    now_ms,
    limit_ms,
  });
}
