import { ConfigError } from '../core/errors.ts';
import { apiAuths, env } from '../env.ts';
import { knownKinds } from '../kinds/known-kinds.ts';
import { settingsOf } from './compose.ts';
import { type Environment, needed } from './environment.ts';
import type { ShippedConfiguration } from './shipped-configuration.ts';

/** What every function behind the API is given beside its ports: settings, and who its callers are. */
export function apiPlug(environment: Environment, shipped: ShippedConfiguration) {
  const given = needed(environment, env.apiAuth);
  const auth = apiAuths.find((one) => one === given);
  if (auth === undefined) throw new ConfigError(`${env.apiAuth} is "${given}"; it is one of ${apiAuths.join(', ')}`);
  const settings = settingsOf(environment, shipped, knownKinds(shipped.configuration.kinds));
  return { settings, version: shipped.version, auth, owner_claim: environment[env.ownerClaim] };
}
