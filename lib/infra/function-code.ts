import { createHash } from 'node:crypto';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { ShippedConfiguration } from '../aws/shipped-configuration.ts';
import { bundleFunction, writeConfiguration } from './bundle.ts';
import type { FunctionName } from './function-names.ts';
import { type SecretStore, storesOf } from './secret-stores.ts';

/** The repository, or `dist` of the published package. */
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where the build puts a bundle that reads these stores of secrets. Functions that read none have only the plain one. */
export const builtBundle = (dist: string, name: FunctionName, stores: readonly SecretStore[]): string =>
  join(dist, 'bundles', stores.length === 0 ? 'plain' : stores.join('+'), name);

/** The bundle as CDK's asset, by the hash of what came out: made from the source here, and made already in the published package. */
export function functionCode(name: FunctionName, shipped: ShippedConfiguration): Code {
  const fingerprint = createHash('sha256').update(JSON.stringify(shipped)).digest('hex');
  const built = builtFor(name, shipped);
  return Code.fromAsset(built ?? join(root, 'functions', name), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the local bundler does it all.
      image: DockerImage.fromRegistry('untildone-bundles-locally'),
      // CDK takes bundles of one process with the same command for the same bundle.
      command: [name, fingerprint],
      local: {
        tryBundle: (outputDirectory) => {
          if (built === undefined) bundleFunction(name, outputDirectory, shipped);
          else {
            cpSync(built, outputDirectory, { recursive: true });
            writeConfiguration(outputDirectory, shipped);
          }
          return true;
        },
      },
    },
  });
}

/** Undefined in the repository, where nothing is built ahead. */
function builtFor(name: FunctionName, shipped: ShippedConfiguration): string | undefined {
  const candidates = [builtBundle(root, name, storesOf(shipped)), builtBundle(root, name, [])];
  return candidates.find((path) => existsSync(path));
}
