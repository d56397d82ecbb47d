import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalTokenKeeping } from '../lib/embedded/token-keeping.ts';
import type { Secrets } from '../lib/ports.ts';
import { createTokenSources } from '../lib/transports/oauth/token-sources.ts';
import type { Tokens } from '../lib/transports/tokens-later.ts';
import { createUndiciDispatchers } from '../lib/transports/undici-dispatchers.ts';
import type { EmbeddedServerOptions } from './embedded-server.ts';

/** Tokens on one machine. Their news goes where faults go. */
export const openLocalTokens = (
  {
    configuration_directory: base_directory,
    data_directory,
    log,
  }: Pick<EmbeddedServerOptions, 'configuration_directory' | 'data_directory' | 'log'>,
  secrets: Secrets,
): Tokens =>
  createTokenSources({
    secrets,
    keeping: createLocalTokenKeeping({ base_directory, data_directory }),
    openDispatchers: createUndiciDispatchers,
    clock: { now: Date.now, sleep },
    tell: ({ message }) => log(message),
  });
