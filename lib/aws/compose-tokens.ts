import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Secrets } from '../ports.ts';
import type { TokenKeeping } from '../transports/oauth/token-store.ts';
import { createSecretsManagerClient } from './clients.ts';
import { createDynamoTokenStore } from './dynamo-token-store.ts';
import { createSeal } from './seal.ts';
import { writeBackSecret, writesEvery_ms } from './secret-write-back.ts';

export type CloudTokenKeepingOptions = {
  documents: DynamoDBDocumentClient;
  table: string;
  secrets: Secrets;
  /** The ARN of the stack's own secret, that tokens are sealed with. */
  token_key_arn: string;
};

/** Where tokens are kept on AWS: sealed in the job table, and from time to time in the secret that the reference names. */
export function tokenKeepingOn({ secrets, token_key_arn, ...on }: CloudTokenKeepingOptions): TokenKeeping {
  const secretsManager = createSecretsManagerClient();
  const seal = async (reading: { fresh: boolean }) =>
    createSeal(await secrets.resolve(`secretsmanager:${token_key_arn}`, reading));
  return {
    openStore: (connection) => createDynamoTokenStore({ ...on, connection, seal }),
    writesEvery: (reference) => (reference.startsWith('secretsmanager:') ? writesEvery_ms : null),
    writeBack: (reference, expected, text) => writeBackSecret(secretsManager, reference, { expected, text }),
  };
}
