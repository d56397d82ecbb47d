import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stack } from 'aws-cdk-lib';
import { inject } from 'vitest';
import type { UntilDoneProps } from '../../../lib/infra/until-done.ts';
import { acceptors } from '../../support/world.ts';
import type { DescribedCloud } from '../local/described-cloud.ts';
import { synthesize, synthesizeWithin } from '../local/synthesize.ts';

/** Stand for the remote systems in the shared bundles, until a copy names their real addresses. */
const nowhere = 'http://127.0.0.1:9';
const noTools = 'http://127.0.0.1:9/mcp';
const hook = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:hook-AbCdEf';
const slack = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:slack-AbCdEf';

/** The secrets that the deployment reads, as they are kept in the account, for a remote system at `origin`. */
export const secretsFor = (origin: string): Record<string, string> => ({
  [hook]: JSON.stringify({ key: `whsec_${Buffer.from('the key of the webhook').toString('base64')}` }),
  [slack]: `${origin}/slack`,
  '/ci/token': 't0ken',
});

const local = { allow_http: true, allow_private_network: true };
const auth = { type: 'bearer', token: 'ssm:/ci/token' };
const configuration = {
  kinds: [
    {
      name: 'slow',
      transport: 'http',
      handle: { id: 'id' },
      status: { url: '/runs/{id}' },
      acceptors,
      paths: { upstream_state: 'state' },
      pace: { interval_seconds: 900, ramp: false },
    },
  ],
  connections: {
    ci: { transport: 'http', url: nowhere, ...local },
    secured: { transport: 'http', url: nowhere, auth, ...local },
    tools: { transport: 'mcp', url: noTools, ...local },
  },
  announce: {
    webhooks: [{ name: 'ops', url: `${nowhere}/hook`, secret: `secretsmanager:${hook}#key`, ...local }],
    slack: [{ name: 'perf', webhook_url: `secretsmanager:${slack}`, ...local }],
  },
};

/** A folder of one's own with the deployment of all stories, bundled once in a run of the tests, which talks to `origin`, and to the MCP server at `tools_url`. */
export async function deploymentFor(origin: string, tools_url = noTools): Promise<string> {
  const shared = inject('shared_directory');
  const master = join(shared, 'assembly');
  const done = join(shared, 'assembly-done');
  if (isFirst(join(shared, 'assembly-begun'))) {
    synthesize(master, { configuration, emails: ['ops@example.com'], emailsOn: ['settled', 'blocked'] });
    writeFileSync(done, '');
  }
  while (!existsSync(done)) await pause(20);
  const directory = mkdtempSync(join(shared, 'copy-'));
  cpSync(master, directory, { recursive: true });
  for (const file of globSync(join(directory, 'asset.*', 'config.json')))
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(noTools, tools_url).replaceAll(nowhere, origin));
  return directory;
}

/** The deployment with other properties: its own template, and the bundles of `directory`. */
export function variantOf(
  directory: string,
  properties: (stack: Stack) => UntilDoneProps,
): { directory: string; change: (described: DescribedCloud) => DescribedCloud } {
  const own = mkdtempSync(join(inject('shared_directory'), 'variant-'));
  synthesizeWithin(own, (stack) => ({ configuration, ...properties(stack) }));
  // Written by CDK.
  const { Resources } = JSON.parse(readFileSync(join(directory, 'Local.template.json'), 'utf8')) as {
    Resources: Record<string, { Metadata?: Record<string, string> }>;
  };
  const bundleOf = (id: string): string | undefined => Resources[id]?.Metadata?.['aws:asset:path'];
  return {
    directory: own,
    change: (described) => ({
      ...described,
      functions: described.functions.map((fn) => {
        const bundle = bundleOf(fn.name);
        return bundle === undefined ? fn : { ...fn, code_directory: join(directory, bundle) };
      }),
    }),
  };
}

function isFirst(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}
