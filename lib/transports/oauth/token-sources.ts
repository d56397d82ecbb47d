import { InvariantError } from '../../core/errors.ts';
import type { Clock, Secrets } from '../../ports.ts';
import type { CredentialSource } from '../credentials.ts';
import type { Dispatchers, OpenDispatchers } from '../dispatchers.ts';
import type { Resolve } from '../safe-connect.ts';
import type { Tokens } from '../tokens-later.ts';
import { createAccessTokens } from './access-tokens.ts';
import type { TokenNews } from './refresh-tokens.ts';
import type { TokenKeeping } from './token-store.ts';

export type TokenSourcesOptions = {
  secrets: Secrets;
  keeping: TokenKeeping;
  openDispatchers: OpenDispatchers;
  resolve?: Resolve;
  clock: Clock;
  tell: (news: TokenNews) => void;
};

/** Access tokens for all connections of a process. */
export function createTokenSources(options: TokenSourcesOptions): Tokens {
  const sources = new Map<string, CredentialSource>();
  let ways: Dispatchers | undefined;
  const dispatchers = (): Dispatchers => {
    ways ??= options.openDispatchers({ resolve: options.resolve });
    return ways;
  };
  return {
    open: (name, connection) => {
      const { auth } = connection;
      if (auth.type !== 'oauth2-client-credentials' && auth.type !== 'oauth2-refresh-token')
        throw new InvariantError(`connection "${name}" gets no tokens: its auth is ${auth.type}`);
      const source =
        sources.get(name) ?? createAccessTokens({ ...options, name, connection: { ...connection, auth }, dispatchers });
      sources.set(name, source);
      return source;
    },
    close: async () => ways?.close(),
  };
}
