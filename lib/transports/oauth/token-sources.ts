import { InvariantError } from '../../core/errors.ts';
import type { Clock, Secrets } from '../../ports.ts';
import type { CredentialSource } from '../credentials.ts';
import type { Dispatchers, OpenDispatchers } from '../dispatchers.ts';
import type { OpenTokens } from '../lane.ts';
import type { Resolve } from '../safe-connect.ts';
import type { OauthConnection } from './oauth-client.ts';
import type { TokenNews } from './refresh-tokens.ts';
import type { TokenKeeping } from './token-store.ts';

export type TokenSourcesOptions = {
  secrets: Secrets;
  /** Made with the first token that is needed. */
  keeping: () => Promise<TokenKeeping>;
  openDispatchers: OpenDispatchers;
  resolve?: Resolve;
  clock: Clock;
  tell: (news: TokenNews) => void;
};

/** Access tokens for all connections of a process, one source each, whichever transports share it. The protocol is loaded with the first call that needs it. */
export function createTokenSources(options: TokenSourcesOptions): { open: OpenTokens; close(): Promise<void> } {
  const sources = new Map<string, CredentialSource>();
  let ways: Dispatchers | undefined;
  const dispatchers = (): Dispatchers => {
    ways ??= options.openDispatchers({ resolve: options.resolve });
    return ways;
  };

  function open(name: string, connection: OauthConnection): CredentialSource {
    let made: CredentialSource | undefined;
    let making: Promise<CredentialSource> | undefined;
    const make = async (): Promise<CredentialSource> => {
      const [{ createAccessTokens }, keeping] = await Promise.all([import('./access-tokens.ts'), options.keeping()]);
      made = createAccessTokens({ ...options, name, connection, keeping, dispatchers });
      return made;
    };
    const source = (): Promise<CredentialSource> => {
      making ??= make().catch((error: unknown) => {
        making = undefined;
        throw error;
      });
      return making;
    };
    return {
      current: () => (made === undefined ? source().then((one) => one.current()) : made.current()),
      refresh: async (used) => (await source()).refresh(used),
    };
  }
  return {
    open: (name, connection) => {
      const { auth } = connection;
      if (auth.type !== 'oauth2-client-credentials' && auth.type !== 'oauth2-refresh-token')
        throw new InvariantError(`connection "${name}" gets no tokens: its auth is ${auth.type}`);
      const known = sources.get(name) ?? open(name, { ...connection, auth });
      sources.set(name, known);
      return known;
    },
    close: async () => ways?.close(),
  };
}
