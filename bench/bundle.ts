import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { env } from '../lib/env.ts';
import { bundle, bundleFunction } from '../lib/infra/bundle.ts';
import { readCloudConfiguration } from '../lib/infra/cloud-configuration.ts';
import { functionNames } from '../lib/infra/function-names.ts';
import { type Weight, weigh } from './bundle-sizes.ts';
import { loadTimes } from './module-load.ts';

/*
 * `npm run bench:bundle [ROUNDS] [FUNCTION …]`: how big each function of the cloud engine is and how much processor time it takes to load, as
 * it is deployed, beside a bundle of poll's AWS clients alone, and one of the MCP client, which the first call of a tool loads. The goals are
 * those of the poll function, which runs most.
 */

const goal = { poll_kb: 400, ratio: 1.3 };
const [rounds_asked = '15', ...asked] = process.argv.slice(2);
const rounds = Number(rounds_asked);
const names = functionNames.filter((name) => asked.length === 0 || asked.includes(name));

/** One secret in Secrets Manager, as most have it: its client comes along. */
const typical = {
  connections: {
    ci: {
      transport: 'http',
      url: 'https://ci.example.com',
      auth: { type: 'bearer', token: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci-AbCdEf' },
    },
  },
};

const directory = mkdtempSync(join(tmpdir(), 'untildone-bench-'));
try {
  const shipped = readCloudConfiguration(typical);
  const sdkOnly = fileURLToPath(new URL('sdk-only.ts', import.meta.url));
  const clientOnly = fileURLToPath(new URL('mcp-client-only.ts', import.meta.url));
  const built: [name: string, Weight][] = [
    ['SDK only', weigh(bundle(sdkOnly, join(directory, 'SDK only'), shipped))],
    ['MCP client', weigh(bundle(clientOnly, join(directory, 'MCP client'), shipped))],
    ...names.map((name): [string, Weight] => [name, weigh(bundleFunction(name, join(directory, name), shipped))]),
  ];
  const given = Object.values(env).map((name) => [name, name === env.apiAuth ? 'iam' : '1']);
  const variables = { AWS_REGION: 'eu-west-1', AWS_LAMBDA_FUNCTION_NAME: 'bench', ...Object.fromEntries(given) };
  const times = await loadTimes(
    built.map(([name]) => join(directory, name)),
    { rounds, variables },
  );

  console.log(
    `Node ${process.version}; minified KB; processor time of the load: medians of ${rounds} fresh processes, taking turns\n`,
  );
  console.log(row(['', 'KB', 'lazy KB', 'CPU ms', 'ratio', 'goal', 'biggest packages, KB']));
  for (const [index, [name, { start_bytes, lazy_bytes, packages }]] of built.entries()) {
    const { ms, ratio } = times[index] ?? { ms: Number.NaN, ratio: Number.NaN };
    const wanted = name === 'poll' ? `≤ ${goal.poll_kb} KB, ≤ ${goal.ratio}` : '';
    const biggest = packages.slice(0, 5).map(([one, bytes]) => `${one} ${kb(bytes)}`);
    console.log(
      row([name, kb(start_bytes), kb(lazy_bytes), ms.toFixed(1), ratio.toFixed(2), wanted, biggest.join(', ')]),
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function kb(bytes: number): string {
  return String(Math.round(bytes / 1000));
}

function row([name = '', size = '', lazy = '', load = '', ratio = '', wanted = '', biggest = '']: string[]): string {
  const figures = [size.padStart(5), lazy.padStart(8), load.padStart(8), ratio.padStart(6)].join(' ');
  return `${name.padEnd(11)}${figures}  ${wanted.padEnd(17)}${biggest}`.trimEnd();
}
