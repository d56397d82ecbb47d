import type { OpenTokens } from './lane.ts';

/** Where the access tokens of a process come from: one source for each connection, whichever transports share it. */
export type Tokens = { open: OpenTokens; close(): Promise<void> };

/** Tokens that are loaded with the first call that needs one, as most connections need none. What could not be loaded is tried again. */
export function tokensLater(load: () => Promise<Tokens>): Tokens {
  let loading: Promise<Tokens> | undefined;
  const loaded = (): Promise<Tokens> => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
  return {
    open: (name, connection) => {
      const source = async () => (await loaded()).open(name, connection);
      return {
        current: async () => (await source()).current(),
        refresh: async (used) => (await source()).refresh(used),
      };
    },
    close: async () => (await loading)?.close(),
  };
}
