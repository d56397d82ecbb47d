import type { Secrets } from '../ports.ts';
import { createSecretsManagerClient, createSsmClient } from './clients.ts';
import { clock } from './environment.ts';
import { createAwsSecrets } from './secrets.ts';

/** Secrets, for the functions whose roles may read some. */
export const composeSecrets = (): Secrets =>
  createAwsSecrets({ secretsManager: createSecretsManagerClient(), ssm: createSsmClient(), now: clock.now });
