import { ConfigError } from '../../core/errors.ts';
import type { Clock, Fault, Secrets } from '../../ports.ts';
import type { Marks } from '../death.ts';
import type { Dispatchers } from '../dispatchers.ts';
import { refusal } from '../follow-call.ts';
import { createRedactor } from '../redact.ts';
import { deathOfGiven, givenBy, headOf, renewalOf } from './given.ts';
import { withRefreshToken } from './grant-secret.ts';
import { hashOf, type OauthClient, type OauthConnection, readClient } from './oauth-client.ts';
import { createEndpoints } from './token-endpoint.ts';
import { requestTokens, type TokenAnswer } from './token-request.ts';
import {
  type Halt,
  type KeptTokens,
  noTokens,
  type TokenKeeping,
  type TokenRecord,
  type TokenStore,
} from './token-store.ts';

/** What an operator hears: a credential died (once for each death), or the newest refresh token stands in the store alone. */
export type TokenNews = { type: 'dead' | 'not_written_back'; connection: string; message: string };

export type RefresherOptions = {
  name: string;
  connection: OauthConnection;
  secrets: Secrets;
  keeping: TokenKeeping;
  store: TokenStore;
  dispatchers: () => Dispatchers;
  clock: Clock;
  tell: (news: TokenNews) => void;
  /** Hears of every secret, as soon as there is one, so that none is shown. */
  hide: (secrets: readonly string[]) => void;
  hidden: () => readonly string[];
  marks: Marks;
};

/** What a refresh came to; `again`: somebody else wrote meanwhile, so look at what. */
export type Refreshed = KeptTokens | Fault | 'again';

/** For discovery and the request together: a check has 25 s, and the call that the token is for wants most of it. */
const asking_ms = 10_000;
const dead_ms = 60_000;
const longest_pause_ms = 60_000;
const saves = 5;
/** Fetched so long before it ends, but never in the last four fifths of its life. */
const margin_ms = 60_000;
/** Hashes of refresh tokens, so that an old one in the secret is never taken for a new one. */
const known_hashes = 8;

/** Refreshes the tokens of a connection, for whoever holds the lease. */
export function createRefresher(options: RefresherOptions) {
  const { name, connection, secrets, keeping, store, clock, tell, hide } = options;
  const { auth } = connection;
  const endpoints = createEndpoints(connection, options.dispatchers, clock.now);
  const shown = (text: string): string => createRedactor(options.hidden()).text(text);
  let unsaved: KeptTokens | undefined;

  /** The tokens that came are used once they are stored: until then the chain hangs on this process. */
  async function settleUnsaved(): Promise<void> {
    if (unsaved === undefined) return;
    const { version, record } = unsaved;
    await store.save(version, record);
    // Saved, or another's version stands: either way it is no longer ours to write.
    unsaved = undefined;
  }

  async function refresh(seen: KeptTokens): Promise<Refreshed> {
    let client: OauthClient;
    try {
      client = await readClient(name, auth, secrets);
    } catch (error) {
      await store.save(seen.version, seen.record);
      return unreadable(error);
    }
    const { client_id, client_secret, grant } = client;
    const from = grant === null ? null : headOf(seen.record, grant.refresh_token);
    hide([client_secret, from, grant?.refresh_token].filter((one) => typeof one === 'string'));
    const until_ms = performance.now() + asking_ms;
    const where = await endpoints.of(client, until_ms);
    if ('answered' in where)
      return halt(
        seen,
        client,
        where.type === 'auth_failed'
          ? { type: 'refused', error: '', words: where.message }
          : { type: 'trouble', fault: where },
      );
    const now_ms = clock.now();
    const { endpoint, resource } = where;
    const { allow_http, allow_private_network } = connection;
    const answer = await requestTokens(
      { endpoint, client_id, client_secret, refresh_token: from, scope: auth.scope, resource, now_ms },
      {
        dispatchers: options.dispatchers(),
        allow_http,
        allow_private_network,
        until_ms,
      },
    );
    if (answer.type !== 'tokens') return halt(seen, client, answer);
    hide([answer.access_token, answer.refresh_token].filter((one) => typeof one === 'string'));
    return keepTokens(seen, client, { from, answer, begun_ms: now_ms });
  }

  async function keepTokens(
    { version, record: before }: KeptTokens,
    client: OauthClient,
    { from, answer, begun_ms }: { from: string | null; answer: TokenAnswer & { type: 'tokens' }; begun_ms: number },
  ): Promise<Refreshed> {
    const head = from === null ? null : (answer.refresh_token ?? from);
    const due = isWriteDue(before, client, head);
    const given = client.grant === null ? [] : [hashOf(client.grant.refresh_token)];
    // The intent first: a copy that was written by a process killed before it could say so is known all the same.
    const known = [...new Set([...given, ...(due && head !== null ? [hashOf(head)] : []), ...before.known])];
    const record: TokenRecord = {
      access_token: answer.access_token,
      ...lifeOf(answer.expires_in, begun_ms),
      refresh_token: head,
      known: known.slice(0, known_hashes),
      written_back_at_ms: due ? clock.now() : before.written_back_at_ms,
      halt: null,
      given: givenBy(client, before),
    };
    const saved = await save(version, record);
    const replaced = head !== from;
    if (saved === 'conflict') return 'again';
    if (saved === 'failed' && replaced) {
      unsaved = { version, record };
      return refusal('server_error', `connection "${name}": the new refresh token cannot be stored; it is tried again`);
    }
    if (due && head !== null && client.grant !== null && saved === 'saved') await writeBack(client.grant, head);
    return { version: version + 1, record };
  }

  function isWriteDue(before: TokenRecord, { grant }: OauthClient, head: string | null): boolean {
    if (grant === null || head === null || head === grant.refresh_token) return false;
    const every_ms = keeping.writesEvery(grant.reference);
    return every_ms !== null && clock.now() - before.written_back_at_ms >= every_ms;
  }

  async function writeBack({ reference, text }: NonNullable<OauthClient['grant']>, head: string): Promise<void> {
    try {
      await keeping.writeBack(reference, text, withRefreshToken(text, head));
    } catch (error) {
      const why = error instanceof ConfigError ? error.message : error instanceof Error ? error.name : 'unknown';
      const message = shown(`connection "${name}": the newest refresh token is kept, but not written back: ${why}`);
      tell({ type: 'not_written_back', connection: name, message });
    }
  }

  /** A conflict is an answer; what failed is tried for a while, as a lost refresh token cannot be had again. */
  async function save(version: number, record: TokenRecord): Promise<'saved' | 'conflict' | 'failed'> {
    for (let tries = 0; tries < saves; tries += 1) {
      try {
        return (await store.save(version, record)) ? 'saved' : 'conflict';
      } catch {
        await clock.sleep(100 * 2 ** tries);
      }
    }
    return 'failed';
  }

  async function halt(
    { version, record }: KeptTokens,
    client: OauthClient,
    answer: Exclude<TokenAnswer, { type: 'tokens' }>,
  ): Promise<Refreshed> {
    const before = record.halt;
    const next =
      answer.type === 'refused'
        ? await dead(client, answer, record)
        : paused(client, answer.fault, before, clock.now());
    if (answer.type === 'refused') endpoints.forget();
    const saved = await save(version, { ...record, halt: next });
    if (saved === 'conflict') return 'again';
    if (next.kind === 'dead' && next.death?.id !== before?.death?.id)
      tell({ type: 'dead', connection: name, message: next.message });
    return faultOf(next, clock.now());
  }

  async function dead(
    client: OauthClient,
    { error, words }: TokenAnswer & { type: 'refused' },
    before: TokenRecord,
  ): Promise<Halt> {
    const what = `the credential of connection "${name}" was refused (${words})`;
    const renew = renewalOf(name, client.grant !== null && error !== 'redirect');
    return {
      kind: 'dead',
      until_ms: clock.now() + dead_ms,
      type: 'auth_failed',
      message: shown(`${what}; ${renew}`),
      secrets_hash: client.secrets_hash,
      failures: 1,
      death: await deathOfGiven({ marks: options.marks, given: givenBy(client, before), renew }),
    };
  }

  function paused(client: OauthClient, fault: Fault, before: Halt | null, now_ms: number): Halt {
    const failures = before?.kind === 'trouble' ? before.failures + 1 : 1;
    const asked_ms = Math.min(3600, fault.retry_after_seconds ?? 0) * 1000;
    return {
      kind: 'trouble',
      until_ms: now_ms + Math.max(asked_ms, Math.min(longest_pause_ms, 1000 * 2 ** Math.min(10, failures - 1))),
      type: fault.type,
      message: shown(`no token for connection "${name}": ${fault.message}`),
      secrets_hash: client.secrets_hash,
      failures,
      death: before?.secrets_hash === client.secrets_hash ? before.death : null,
    };
  }

  const unreadable = (error: unknown): Fault =>
    error instanceof ConfigError
      ? refusal('auth_failed', error.message)
      : refusal('server_error', `connection "${name}": its secret cannot be read just now`);

  return { refresh, settleUnsaved, unreadable };
}

function lifeOf(seconds: number | null, begun_ms: number): Pick<TokenRecord, 'fresh_until_ms' | 'expires_at_ms'> {
  if (seconds === null) return { fresh_until_ms: noTokens.fresh_until_ms, expires_at_ms: noTokens.expires_at_ms };
  const life_ms = seconds * 1000;
  return { expires_at_ms: begun_ms + life_ms, fresh_until_ms: begun_ms + life_ms - Math.min(margin_ms, life_ms / 5) };
}

/** A standing halt, as a call meets it. */
export const faultOf = (halt: Halt, now_ms: number): Fault => ({
  ...refusal(halt.type, halt.message),
  retry_after_seconds: halt.kind === 'dead' ? null : Math.max(1, Math.ceil((halt.until_ms - now_ms) / 1000)),
  ...(halt.kind === 'dead' && halt.death !== null ? { death: halt.death } : {}),
});
