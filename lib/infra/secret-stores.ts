import type { ShippedConfiguration } from '../aws/shipped-configuration.ts';
import { oauthNeeds } from './cloud-configuration.ts';

/** Where secrets can be, with the package that reads them there, and what stands for it in the bundles of who has none there. */
export const secretStores = [
  {
    name: 'secrets-manager',
    scheme: 'secretsmanager:',
    package: '@aws-sdk/client-secrets-manager',
    stand_in: 'lib/aws/no-secrets-manager.ts',
  },
  {
    name: 'parameter-store',
    scheme: 'ssm:',
    package: '@aws-sdk/client-ssm',
    stand_in: 'lib/aws/no-parameter-store.ts',
  },
] as const;
export type SecretStore = (typeof secretStores)[number]['name'];

/** The stores that a deployment reads: those of its references, and for OAuth 2 the one with the key that seals tokens. Most have one, or none. */
export function storesOf(shipped: ShippedConfiguration): SecretStore[] {
  const written = JSON.stringify(shipped);
  const seals = oauthNeeds(shipped).used;
  return secretStores
    .filter(({ name, scheme }) => written.includes(`"${scheme}`) || (seals && name === 'secrets-manager'))
    .map(({ name }) => name);
}
