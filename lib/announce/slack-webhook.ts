import type { SlackTarget } from '../core/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { JobEvent } from '../ports.ts';
import type { Dispatchers } from '../transports/dispatchers.ts';
import { type Delivery, failed } from './delivery.ts';
import { post, wayTo } from './post.ts';
import { slackCardOf } from './slack.ts';

/** Webhook deleted or channel gone (404), channel archived (410). Source: api.slack.com/changelog/2016-05-17. */
const gone_statuses = [404, 410];

export type SlackAttempt = {
  target: Pick<SlackTarget, 'allow_http' | 'allow_private_network'>;
  event: JobEvent;
  now_ms: number;
  /** The URL of the incoming webhook, resolved. */
  secret: string;
  /** The guarded way out. */
  dispatchers: Dispatchers;
  /** The whole attempt (15,000 ms). */
  limit_ms?: number;
};

/** Reads the URL of an incoming webhook. Throws ConfigError, never repeating it: who knows it may post. */
export function slackUrl(secret: string): URL {
  const url = URL.parse(secret.trim());
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username + url.password !== '')
    throw new ConfigError(
      'the Slack webhook_url is no URL as Slack issues it; set the secret to https://hooks.slack.com/services/…',
    );
  return url;
}

/** One attempt to post a card: 2xx is delivered, 404 and 410 are gone, everything else is a value that says why not. */
export async function sendSlack(attempt: SlackAttempt): Promise<Delivery> {
  const { target, event, now_ms, dispatchers, limit_ms } = attempt;
  let url: URL;
  try {
    url = slackUrl(attempt.secret);
  } catch {
    return failed('secret_unusable');
  }
  return post({
    way: wayTo(url, target),
    headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'untildone' },
    body: JSON.stringify(slackCardOf(event)),
    repeatable: false,
    gone_statuses,
    dispatchers,
    now_ms,
    limit_ms,
  });
}
