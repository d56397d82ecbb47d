import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync, type Metafile } from 'esbuild';
import type { ShippedConfiguration } from '../aws/shipped-configuration.ts';
import { configurationFile } from '../env.ts';

/** The functions, by the name of their folder. */
export const functionNames = ['start', 'status', 'cancel', 'mcp', 'poll', 'deliver', 'sweep'] as const;
export type FunctionName = (typeof functionNames)[number];

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Bundles one function with everything it needs, the SDK too, and puts the configuration beside it. Not `NodejsFunction`:
 * that can neither write a file beside the bundle without a shell, nor say what went into it. Returns that list.
 */
export function bundleFunction(name: FunctionName, outputDirectory: string, shipped: ShippedConfiguration): Metafile {
  return bundle(join(root, 'functions', name, 'index.ts'), outputDirectory, shipped);
}

/** Bundles `entry` as functions are, to `index.mjs`; what lies behind an `import()` becomes a file of its own beside it, read when it is needed. */
export function bundle(entry: string, outputDirectory: string, shipped: ShippedConfiguration): Metafile {
  const { metafile } = buildSync({
    entryPoints: { index: entry },
    outdir: outputDirectory,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    absWorkingDir: root,
    bundle: true,
    minify: true,
    keepNames: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // The SDK's ES modules are what can be shaken: 398 KiB instead of 634 for five clients.
    mainFields: ['module', 'main'],
    // CommonJS packages in an ES module still call `require` for Node's own modules.
    banner: {
      js: "import{createRequire as untildoneCreateRequire}from'node:module';const require=untildoneCreateRequire(import.meta.url);",
    },
    alias: standIns(shipped),
    legalComments: 'none',
    logLevel: 'error',
    metafile: true,
  });
  writeFileSync(join(outputDirectory, configurationFile), `${JSON.stringify(shipped)}\n`);
  return metafile;
}

/** Where secrets can be, with the package that reads them there, and what of it is used: most deployments have theirs in one place, or none. */
const stores = {
  'secretsmanager:': {
    package: '@aws-sdk/client-secrets-manager',
    client: 'SecretsManagerClient',
    command: 'GetSecretValueCommand',
  },
  'ssm:': { package: '@aws-sdk/client-ssm', client: 'SSMClient', command: 'GetParameterCommand' },
};

/** What bundles see in place of a package: only what is used of it. */
function standIns(shipped: ShippedConfiguration): Record<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'untildone-'));
  const configuration = JSON.stringify(shipped);
  const unused = Object.entries(stores).flatMap(([scheme, store]): [string, string][] => {
    if (configuration.includes(`"${scheme}`)) return [];
    const file = join(directory, `${store.client}.mjs`);
    writeFileSync(file, emptyStore(scheme, store));
    return [[store.package, file]];
  });
  return {
    '@aws-sdk/credential-provider-node': join(root, 'lib/aws/environment-credentials.ts'),
    ...Object.fromEntries(unused),
  };
}

const emptyStore = (scheme: string, { client, command }: { client: string; command: string }): string => `
  export class ${client} { send() { return Promise.reject(new Error('no secret of the configuration is a "${scheme}…"')); } }
  export class ${command} {}`;

/** The bundle as CDK's asset, by the hash of what came out. */
export function functionCode(name: FunctionName, shipped: ShippedConfiguration): Code {
  const fingerprint = createHash('sha256').update(JSON.stringify(shipped)).digest('hex');
  return Code.fromAsset(join(root, 'functions', name), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the local bundler does it all.
      image: DockerImage.fromRegistry('untildone-bundles-locally'),
      // CDK takes bundles of one process with the same command for the same bundle.
      command: [name, fingerprint],
      local: {
        tryBundle: (outputDirectory) => {
          bundleFunction(name, outputDirectory, shipped);
          return true;
        },
      },
    },
  });
}
