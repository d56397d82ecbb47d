import { readFile, realpath } from 'node:fs/promises';
import { join, resolve as resolvePath } from 'node:path';
import type { OauthAuth } from '../core/auth.ts';
import type { TokenKeeping } from '../transports/oauth/token-store.ts';
import { replaceSecretFile } from './secret-file.ts';
import { createSqliteTokenStore } from './sqlite-token-store.ts';

export type LocalTokenKeepingOptions = {
  /** What `file:PATH` is relative to: the folder of the configuration file. */
  base_directory: string;
  data_directory: string;
};

const filePrefix = 'file:';

/**
 * Where tokens are kept on one machine. `file:PATH` is rewritten with each new refresh token, and what belongs to it stands in
 * `PATH.tokens`, so that all who share the file share the lease; anything else is kept in `DATA/tokens/`.
 */
export function createLocalTokenKeeping({ base_directory, data_directory }: LocalTokenKeepingOptions): TokenKeeping {
  const pathOf = (reference: string): string | undefined =>
    reference.startsWith(filePrefix) ? resolvePath(base_directory, reference.slice(filePrefix.length)) : undefined;
  return {
    openStore: (connection, auth) => {
      const path = pathOf(referenceIn(auth));
      return createSqliteTokenStore(path === undefined ? join(data_directory, 'tokens', connection) : `${path}.tokens`);
    },
    writesEvery: (reference) => (pathOf(reference) === undefined ? null : 0),
    writeBack: async (reference, expected, text) => {
      const path = pathOf(reference);
      if (path !== undefined) await rewriteSecretFile(path, expected, text);
    },
  };
}

const referenceIn = (auth: OauthAuth): string => ('refresh_token' in auth ? auth.refresh_token : '');

/** Replaces what a secret file holds; leaves it if it holds something else by now. */
export async function rewriteSecretFile(named: string, expected: string, text: string): Promise<void> {
  // A link stays a link.
  const path = await realpath(named);
  await replaceSecretFile(path, text, async () => (await readFile(path, 'utf8')).trim() === expected);
}
