import { ConfigError } from '../../core/errors.ts';
import type { Fault } from '../../ports.ts';
import type { Credential, CredentialSource } from '../credentials.ts';
import { createMarks } from '../death.ts';
import { refusal } from '../follow-call.ts';
import { createRedactor } from '../redact.ts';
import { deathOfGiven, renewalOf } from './given.ts';
import { readClient } from './oauth-client.ts';
import { createRefresher, faultOf, type RefresherOptions } from './refresh-tokens.ts';
import type { TokenRecord } from './token-store.ts';

/** The store opens with the first call. */
export type AccessTokenOptions = Omit<RefresherOptions, 'store' | 'hide' | 'hidden' | 'marks'>;

/** Longer than everything that one refresh may take. */
const lease_ms = 40_000;
/** Another process refreshes: its result is looked for so often, and a call waits for it so long. */
const look_ms = 250;
const wait_ms = 8_000;
/** While a connection is halted, store and secrets are looked at so often. */
const halted_look_ms = 5_000;
/** A resource that refuses what it has just been given for a refusal would have every job fetch another: one in so long is enough. */
const refused_again_ms = 10_000;
const remembered = 24;

type Kept = { credential: Credential; record: TokenRecord };

/**
 * The access tokens of one connection in one process.
 *
 *   in memory and fresh ─────────────────────────────────────► used, no read
 *   else: the store has a fresh one ─────────────────────────► used
 *         halted (dead, or the token endpoint in trouble) ───► a fault, without asking
 *         the lease is ours ─► refresh ─► saved ─────────────► used
 *         another's ─► wait, look again
 *
 * One of these runs at a time; all calls of the process wait for it.
 */
export function createAccessTokens(options: AccessTokenOptions): CredentialSource {
  const { name, connection, secrets, keeping, clock } = options;
  const { auth } = connection;
  const store = keeping.openStore(name, auth);
  let kept: Kept | undefined;
  let obtaining: Promise<Credential | Fault> | undefined;
  let halted: { fault: Fault; until_ms: number } | undefined;
  let hidden: string[] = [];
  let refused_again: { value: string; until_ms: number } | undefined;
  const hide = (more: readonly string[]): void => {
    const spellings = more.flatMap((one) => [one, encodeURIComponent(one)]);
    hidden = [...new Set([...spellings, ...hidden])].slice(0, remembered);
  };
  const marks = createMarks(name);
  const renew = renewalOf(name, auth.type === 'oauth2-refresh-token');
  const refresher = createRefresher({ ...options, store, hide, hidden: () => hidden, marks });

  const isFresh = ({ access_token, fresh_until_ms }: TokenRecord): boolean =>
    access_token !== null && (fresh_until_ms === null || clock.now() < fresh_until_ms);

  function keep(record: TokenRecord): Credential {
    const value = record.access_token ?? '';
    hide([record.refresh_token ?? '', value].filter((one) => one !== ''));
    // The same token is the same credential: whoever compares two of them asks whether a refresh changed anything.
    if (kept?.credential.value !== value)
      kept = {
        credential: {
          headers: ['authorization', `Bearer ${value}`],
          value,
          redactor: createRedactor(hidden),
          death: () => deathOfGiven({ marks, given: record.given, renew }),
        },
        record,
      };
    halted = undefined;
    return kept.credential;
  }

  async function obtain(refused: string | null): Promise<Credential | Fault> {
    const give_up_ms = clock.now() + wait_ms;
    await refresher.settleUnsaved();
    for (;;) {
      const seen = await store.read();
      const { record } = seen;
      if (record.access_token !== refused && isFresh(record)) return keep(record);
      if (record.halt !== null && (await stands(record)))
        return rest(faultOf(record.halt, clock.now()), refused, record);
      const now_ms = clock.now();
      if (await store.lease(seen.version, now_ms, now_ms + lease_ms)) {
        const came = await refresher.refresh(seen);
        if (came !== 'again') return 'answered' in came ? rest(came, refused, record) : keep(came.record);
      } else if (clock.now() >= give_up_ms) {
        return rest(
          refusal('timeout', `connection "${name}": another process is still fetching its token`),
          refused,
          record,
        );
      } else await clock.sleep(look_ms);
    }
  }

  /** A halt ends with its time, and a death as soon as other secrets are there. */
  async function stands({ halt }: TokenRecord): Promise<boolean> {
    if (halt === null || clock.now() >= halt.until_ms) return false;
    if (halt.kind === 'trouble') return true;
    const client = await readClient(name, auth, secrets).catch(() => undefined);
    return client === undefined || client.secrets_hash === halt.secrets_hash;
  }

  /** Without a new token: the one there is, as long as it lives and nobody has refused it. */
  function rest(fault: Fault, refused: string | null, record: TokenRecord): Credential | Fault {
    const until_ms =
      clock.now() + Math.min(halted_look_ms, 1000 * (fault.retry_after_seconds ?? Number.POSITIVE_INFINITY));
    const lives = record.access_token !== null && (record.expires_at_ms === null || clock.now() < record.expires_at_ms);
    if (lives && record.access_token !== refused) return keep(record);
    halted = { fault, until_ms };
    return fault;
  }

  function obtainOnce(refused: string | null): Promise<Credential | Fault> {
    if (halted !== undefined && clock.now() < halted.until_ms) return Promise.resolve(halted.fault);
    obtaining ??= obtain(refused)
      .catch((error: unknown) =>
        error instanceof ConfigError
          ? refusal('auth_failed', error.message)
          : refusal('server_error', `connection "${name}": the store of its tokens is out of reach`),
      )
      .finally(() => {
        obtaining = undefined;
      });
    return obtaining;
  }

  return {
    current: () => (kept !== undefined && isFresh(kept.record) ? kept.credential : obtainOnce(null)),
    refresh: async (used) => {
      if (kept !== undefined && kept.credential !== used && isFresh(kept.record)) return kept.credential;
      const now_ms = clock.now();
      if (refused_again?.value === used.value && now_ms < refused_again.until_ms) return used;
      const came = await obtainOnce(used.value);
      if (!('answered' in came) && came.value !== used.value)
        refused_again = { value: came.value, until_ms: now_ms + refused_again_ms };
      return came;
    },
  };
}
