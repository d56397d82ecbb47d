import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync, type Metafile } from 'esbuild';
import type { ShippedConfiguration } from '../aws/shipped-configuration.ts';
import { configurationFile } from '../env.ts';

/** The functions, by the name of their folder. */
export type FunctionName = 'start' | 'status' | 'cancel' | 'poll' | 'deliver' | 'sweep';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where undici is found depends on who installed us. */
const undici = dirname(createRequire(import.meta.url).resolve('undici/package.json'));

/**
 * Never reached inside a function, whose credentials come from its environment: the SDK's other sources of credentials.
 * They are loaded on demand, so that leaving them out leaves nothing broken.
 */
const otherCredentials = ['ini', 'sso', 'process', 'web-identity', 'http', 'login'].map(
  (source) => `@aws-sdk/credential-provider-${source}`,
);

/**
 * Bundles one function with everything it needs, the SDK too, and puts the configuration beside it. Not `NodejsFunction`:
 * that can neither write a file beside the bundle without a shell, nor say what went into it. Returns that list.
 */
export function bundleFunction(name: FunctionName, outputDirectory: string, shipped: ShippedConfiguration): Metafile {
  const { metafile } = buildSync({
    entryPoints: [join(root, 'functions', name, 'index.ts')],
    outfile: join(outputDirectory, 'index.mjs'),
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
    alias: { undici: undiciAgent(), ...leftOut(shipped) },
    external: [
      ...otherCredentials,
      '@smithy/credential-provider-imds',
      // For machines without WebAssembly SIMD, which arm64 always has; 72 KB.
      join(undici, 'lib/llhttp/llhttp-wasm.js'),
    ],
    legalComments: 'none',
    logLevel: 'error',
    metafile: true,
  });
  writeFileSync(join(outputDirectory, configurationFile), `${JSON.stringify(shipped)}\n`);
  return metafile;
}

/** A module that is undici's agent and nothing else: its index, CommonJS, brings fetch, WebSocket and caches along, 250 KB. */
function undiciAgent(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'untildone-')), 'undici.mjs');
  const agent = JSON.stringify(join(undici, 'lib/dispatcher/agent.js'));
  writeFileSync(file, `export { default as Agent } from ${agent};\n`);
  return file;
}

/** Parameter Store's client is the biggest of all, 79 KB, and most deployments have no secret there. */
function leftOut(shipped: ShippedConfiguration): Record<string, string> {
  if (JSON.stringify(shipped).includes('"ssm:')) return {};
  return { '@aws-sdk/client-ssm': join(root, 'lib/infra/no-parameter-store.ts') };
}

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
