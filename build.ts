import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { configurationFile } from './lib/env.ts';
import { bundleFunction } from './lib/infra/bundle.ts';
import { readCloudConfiguration } from './lib/infra/cloud-configuration.ts';
import { builtBundle } from './lib/infra/function-code.ts';
import { functionNames } from './lib/infra/function-names.ts';
import { secretStores, storesOf } from './lib/infra/secret-stores.ts';

/*
 * `npm run build`, and `npm pack` before it packs: what is published, in `dist` (or --out DIR). What can be imported, as ES modules
 * and their types, one file for each of ours; the command, in few files; and the functions' bundles. Nothing in the repository runs it.
 */

type Store = (typeof secretStores)[number];

const root = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } });
const dist = values.out;

rmSync(dist, { recursive: true, force: true });
const tsc = join(root, 'node_modules/.bin/tsc');
const compiled = spawnSync(tsc, ['-p', join(root, 'tsconfig.build.json'), '--outDir', dist], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(1);

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Part of the command, as pinned: a fifth of a restart would go by while its 95 files are loaded. */
const builtIn = ['zod'];

// A restart is waited for, and every command: few files are loaded faster than hundreds. Other packages stay what is installed.
buildSync({
  absWorkingDir: root,
  entryPoints: [
    { in: 'bin/untildone.ts', out: 'untildone' },
    // Found beside whatever starts it.
    { in: 'lib/embedded/checkpoint-thread.ts', out: 'checkpoint-thread' },
  ],
  outdir: join(dist, 'bin'),
  bundle: true,
  splitting: true,
  packages: 'external',
  alias: Object.fromEntries(builtIn.map((name) => [name, fileURLToPath(import.meta.resolve(name))])),
  platform: 'node',
  target: 'node24',
  format: 'esm',
  logLevel: 'error',
});

for (const name of builtIn) cpSync(join(root, 'node_modules', name, 'LICENSE'), join(dist, 'bin', `LICENSE.${name}`));

// Imported for its version; the rest of it speaks of the repository.
const { name, version, type } = manifest;
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name, version, type, private: true })}\n`);

for (const stores of [[], ...subsetsOf(secretStores)]) {
  const shipped = configurationReading(stores);
  for (const name of functionNames) {
    const directory = builtBundle(dist, name, storesOf(shipped));
    const { outputs } = bundleFunction(name, directory, shipped);
    // Put beside the bundle at synth, by who deploys it.
    rmSync(join(directory, configurationFile));
    const used = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
    const differs = stores.some(({ package: client }) => used.some((path) => path.includes(`${client}/`)));
    if (stores.length > 0 && !differs) rmSync(directory, { recursive: true });
  }
}

/** A deployment with a secret in each of these stores, and none elsewhere. */
function configurationReading(stores: readonly Store[]) {
  const connections = stores.map(({ name, scheme }) => {
    const token =
      scheme === 'ssm:' ? 'ssm:any' : `${scheme}arn:aws:secretsmanager:eu-west-1:123456789012:secret:any-AbCdEf`;
    return [name, { transport: 'http', url: 'https://example.com', auth: { type: 'bearer', token } }] as const;
  });
  return readCloudConfiguration({ connections: Object.fromEntries(connections) });
}

function subsetsOf(stores: readonly Store[]): Store[][] {
  const [first, ...rest] = stores;
  if (first === undefined) return [];
  const others = subsetsOf(rest);
  return [[first], ...others, ...others.map((more) => [first, ...more])];
}
