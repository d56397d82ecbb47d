import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inject } from 'vitest';
import { acceptors } from '../../support/world.ts';
import { synthesize } from '../local/synthesize.ts';

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

function isFirst(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}
