import type { Connection } from '../core/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { Answer, Secrets } from '../ports.ts';
import { type CredentialSource, createCredentialSource } from './credentials.ts';
import { createRateBudget, type OpenRateBudget, type RateBudget } from './rate-budget.ts';
import { createGuard, type Guard, ownHost } from './safe-connect.ts';
import { type BaseUrl, baseUrlOf } from './target-url.ts';

/** All that can be known of a connection before its first call, and the pace its jobs share. */
export type Lane = {
  base: BaseUrl;
  guard: Guard;
  /** Why relative URLs are refused, if they are. */
  base_problem: string | undefined;
  credentials: CredentialSource;
  has_credential: boolean;
  rate: RateBudget;
  allow_private_network: boolean;
};

/** After a rate limit that does not say until when. */
const cool_down_seconds = 5;
/** One answer postpones all jobs of a connection, so it is believed for an hour at a time. */
const longest_cool_down_seconds = 3600;

export type LaneOptions = {
  secrets: Secrets;
  /** For connections with a `rate_per_minute`, instead of a budget in memory. */
  openRateBudget?: OpenRateBudget | undefined;
  /** For connections whose tokens come from an authorization server. */
  openTokens?: OpenTokens | undefined;
};

/** The credentials of a connection under OAuth 2: one source for all transports of a process. */
export type OpenTokens = (name: string, connection: Connection) => CredentialSource;

/** Prepares a connection. Throws ConfigError for an `allow_hosts` entry that is no host, and where nobody can get tokens. */
export function createLane(name: string, connection: Connection, options: LaneOptions): Lane {
  const { openRateBudget = (_, rate) => createRateBudget(rate) } = options;
  const { rate_per_minute } = connection;
  const url = new URL(connection.url);
  const guard = createGuard({ ...connection, allow_hosts: connection.allow_hosts ?? [ownHost(url)] });
  return {
    base: baseUrlOf(url),
    guard,
    base_problem: guard(url),
    credentials: credentialsOf(name, connection, options),
    has_credential: connection.auth.type !== 'none',
    rate: rate_per_minute === undefined ? createRateBudget() : openRateBudget(name, rate_per_minute),
    allow_private_network: connection.allow_private_network,
  };
}

function credentialsOf(name: string, connection: Connection, { secrets, openTokens }: LaneOptions): CredentialSource {
  const { auth } = connection;
  if (auth.type !== 'oauth2-client-credentials' && auth.type !== 'oauth2-refresh-token')
    return createCredentialSource(name, auth, secrets);
  if (openTokens === undefined)
    throw new ConfigError(`connection "${name}": "${auth.type}" is not offered here; use a "bearer" token`);
  return openTokens(name, connection);
}

/** Postpones every call of the connection after a rate-limited answer: as long as it asks, 1 s to 1 h, 5 s when it does not say. */
export async function coolDown(lane: Lane, answer: Answer, now_ms: number): Promise<void> {
  const asked_seconds = answer.retry_after_seconds ?? cool_down_seconds;
  await lane.rate.coolDown(now_ms + Math.min(longest_cool_down_seconds, Math.max(1, asked_seconds)) * 1000);
}
