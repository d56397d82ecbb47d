import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { configurationFile } from './lib/env.ts';
import { bundleFunction } from './lib/infra/bundle.ts';
import { readCloudConfiguration } from './lib/infra/cloud-configuration.ts';
import { builtBundles } from './lib/infra/function-code.ts';
import { functionNames } from './lib/infra/function-names.ts';

/*
 * `npm run build`, and `npm pack` before it packs: what is published, in `dist` (or --out DIR). ES modules and their types,
 * one file for each of ours, and the functions' bundles. Nothing in the repository runs it.
 */

const root = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } });
const dist = values.out;

rmSync(dist, { recursive: true, force: true });
const tsc = join(root, 'node_modules/.bin/tsc');
const compiled = spawnSync(tsc, ['-p', join(root, 'tsconfig.build.json'), '--outDir', dist], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(1);

// Imported for its version; the rest of it speaks of the repository.
const { name, version, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name, version, type, private: true })}\n`);

const plain = readCloudConfiguration({});
const auth = { type: 'bearer', token: 'ssm:any' };
const withParameterStore = readCloudConfiguration({
  connections: { any: { transport: 'http', url: 'https://example.com', auth } },
});
for (const name of functionNames) {
  bundleInto(builtBundles(dist, name, false), () => bundleFunction(name, builtBundles(dist, name, false), plain));
  const trial = mkdtempSync(join(tmpdir(), 'untildone-build-'));
  const { outputs } = bundleFunction(name, trial, withParameterStore);
  rmSync(trial, { recursive: true, force: true });
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  if (!used.some((path) => path.includes('@aws-sdk/client-ssm/'))) continue;
  const directory = builtBundles(dist, name, true);
  bundleInto(directory, () => bundleFunction(name, directory, withParameterStore));
}

/** The configuration is put beside a bundle at synth, by who deploys it. */
function bundleInto(directory: string, bundle: () => void): void {
  bundle();
  rmSync(join(directory, configurationFile));
}
