import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createTokenSources, type TokenSourcesOptions } from '../transports/oauth/token-sources.ts';
import type { TokenKeeping } from '../transports/oauth/token-store.ts';
import type { Tokens } from '../transports/tokens-later.ts';
import type { Table } from './dynamo-table.ts';
import { createDynamoTokenStore } from './dynamo-token-store.ts';
import { createSeal } from './seal.ts';
import { writeBackSecret, writesEvery_ms } from './secret-write-back.ts';

export type TokenOptions = Omit<TokenSourcesOptions, 'keeping'> & {
  table: Table;
  secretsManager: () => SecretsManagerClient;
  /** The ARN of the stack's own secret, that tokens are sealed with. */
  token_key_arn: string;
};

/** Tokens on AWS: sealed in the job table, and from time to time in the secret that the reference names. */
export const tokensOn = (options: TokenOptions): Tokens =>
  createTokenSources({ ...options, keeping: keepingOn(options) });

function keepingOn({ secrets, token_key_arn, table, secretsManager }: TokenOptions): TokenKeeping {
  const seal = async (reading: { fresh: boolean }) =>
    createSeal(await secrets.resolve(`secretsmanager:${token_key_arn}`, reading));
  return {
    openStore: (connection) => createDynamoTokenStore({ table, connection, seal }),
    writesEvery: (reference) => (reference.startsWith('secretsmanager:') ? writesEvery_ms : null),
    writeBack: (reference, expected, text) => writeBackSecret(secretsManager(), reference, { expected, text }),
  };
}
