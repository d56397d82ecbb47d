import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions, Metafile } from 'esbuild';
import type { ShippedConfiguration } from '../aws/shipped-configuration.ts';
import { configurationFile } from '../env.ts';
import type { FunctionName } from './function-names.ts';
import { joinStart } from './join-start.ts';
import { secretStores, storesOf } from './secret-stores.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** CommonJS packages in an ES module still call `require` for Node's own modules. */
const requireOfItsOwn =
  "import{createRequire as untildoneCreateRequire}from'node:module';const require=untildoneCreateRequire(import.meta.url);";

const forNode = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  keepNames: false,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  legalComments: 'none',
  logLevel: 'error',
  banner: { js: requireOfItsOwn },
} satisfies BuildOptions;

/**
 * Bundles one function with everything it needs, the SDK too, and puts the configuration beside it. Not `NodejsFunction`:
 * that can neither write a file beside the bundle without a shell, nor say what went into it. Returns that list.
 */
export function bundleFunction(name: FunctionName, outputDirectory: string, shipped: ShippedConfiguration): Metafile {
  return bundle(join(root, 'functions', name, 'index.ts'), outputDirectory, shipped);
}

/** Bundles `entry` as functions are, to `index.mjs` and `start.mjs`; what lies behind an `import()` becomes a file of its own beside them, read when it is needed. */
export function bundle(entry: string, outputDirectory: string, shipped: ShippedConfiguration): Metafile {
  // Read when it is needed: the published package brings its bundles, and needs no esbuild.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  const { metafile } = buildSync({
    ...forNode,
    entryPoints: { index: entry },
    outdir: outputDirectory,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    // The SDK's ES modules are what can be shaken: 398 KiB instead of 634 for five clients.
    mainFields: ['module', 'main'],
    alias: standIns(shipped),
    metafile: true,
  });
  writeConfiguration(outputDirectory, shipped);
  return joinStart(metafile, {
    build: (options) => buildSync({ ...forNode, ...options }),
    banner: requireOfItsOwn,
    root,
  });
}

/** Puts the configuration beside a bundle, which reads it when it starts. */
export const writeConfiguration = (outputDirectory: string, shipped: ShippedConfiguration): void =>
  writeFileSync(join(outputDirectory, configurationFile), `${JSON.stringify(shipped)}\n`);

/** What bundles see in place of a package: only what is used of it. */
function standIns(shipped: ShippedConfiguration): Record<string, string> {
  const used = storesOf(shipped);
  return Object.fromEntries([
    ['@aws-sdk/credential-provider-node', join(root, 'lib/aws/environment-credentials.ts')],
    ['@aws-sdk/endpoint-cache', join(root, 'lib/aws/no-endpoint-cache.ts')],
    ...secretStores
      .filter(({ name }) => !used.includes(name))
      .map(({ package: client, stand_in }) => [client, join(root, stand_in)]),
  ]);
}
