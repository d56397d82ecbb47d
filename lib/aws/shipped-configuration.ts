import { readFileSync } from 'node:fs';
import type { Configuration, Target } from '../core/configuration.ts';
import { configurationFile } from '../env.ts';

/** What lies beside each bundle: read and checked at synth, so that no function needs the means to read it again. */
export type ShippedConfiguration = { version: string; configuration: Configuration; targets: Target[] };

/** Reads the file beside the running bundle. */
export const readShipped = (): ShippedConfiguration =>
  // Written by our own bundler, from the same type.
  JSON.parse(readFileSync(new URL(configurationFile, import.meta.url), 'utf8')) as ShippedConfiguration;
