import { randomUUID } from 'node:crypto';
import { open, readFile, realpath, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve as resolvePath } from 'node:path';
import type { OauthAuth } from '../core/auth.ts';
import type { TokenKeeping } from '../transports/oauth/token-store.ts';
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

/** Replaces what a secret file holds, readable by its owner only, at once or not at all; leaves it if it holds something else by now. */
export async function rewriteSecretFile(named: string, expected: string, text: string): Promise<void> {
  // A link stays a link.
  const path = await realpath(named);
  const temporary = `${path}.${randomUUID()}.new`;
  try {
    await writeDurably(temporary, `${text}\n`);
    if ((await readFile(path, 'utf8')).trim() === expected) await rename(temporary, path);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  await synchronise(dirname(path));
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The renaming itself outlives a power cut. */
async function synchronise(directory: string): Promise<void> {
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
