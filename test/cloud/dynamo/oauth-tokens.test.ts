import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tokensOn } from '../../../lib/aws/compose-tokens.ts';
import { openTable } from '../../../lib/aws/dynamo-table.ts';
import { createAwsSecrets } from '../../../lib/aws/secrets.ts';
import type { OauthAuth } from '../../../lib/core/auth.ts';
import type { Connection } from '../../../lib/core/configuration.ts';
import { createHttpTransport } from '../../../lib/transports/http-transport.ts';
import { createNodeDispatchers } from '../../../lib/transports/node-dispatchers.ts';
import type { TokenNews } from '../../../lib/transports/oauth/refresh-tokens.ts';
import { type FakeAuthorizationServer, startAuthorizationServer } from '../../support/authorization-server.ts';
import { type SecretsFront, startSecretsFront } from '../queues/secrets-front.ts';
import { dynamoWorld } from './dynamo-world.ts';

const arn = (name: string): string => `arn:aws:secretsmanager:eu-west-1:000000000000:secret:${name}-AbCdEf`;
const [key, grant, client] = [arn('key'), arn('octo'), arn('client')];
const hour_ms = 3_600_000;

let dynamo: Awaited<ReturnType<typeof dynamoWorld>>;
let table: string;
let server: FakeAuthorizationServer;
let front: SecretsFront;
let secrets: Record<string, string>;
let news: TokenNews[];
let refused: string | null;
const clock = {
  now_ms: 0,
  now: (): number => clock.now_ms,
  sleep: async (): Promise<void> => {
    clock.now_ms += 1;
    await new Promise((resolve) => setImmediate(resolve));
  },
};
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  dynamo = await dynamoWorld();
});
afterAll(() => dynamo.close());
beforeEach(async () => {
  clock.now_ms = Date.parse('2026-11-21T09:00:00Z');
  [news, refused] = [[], null];
  ({ table } = await dynamo.freshTable());
  server = await startAuthorizationServer({ now: clock.now });
  secrets = { [key]: 'k'.repeat(64), [client]: 'client-secret-1' };
  const authorize = ({ action }: { action: string }) => (action === refused ? 'not yours' : null);
  front = await startSecretsFront({ region: 'eu-west-1', account: '000000000000', secrets, authorize });
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await Promise.all([server.close(), front.close()]);
});

const byGrant: OauthAuth = {
  type: 'oauth2-refresh-token',
  client_id: 'public',
  refresh_token: `secretsmanager:${grant}#token`,
};
const byClient: OauthAuth = {
  type: 'oauth2-client-credentials',
  client_id: 'ci',
  client_secret: `secretsmanager:${client}`,
};

/** One environment of a function. */
function environment(auth: OauthAuth = byGrant) {
  const config = {
    endpoint: front.endpoint,
    region: 'eu-west-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const [secretsManager, ssm] = [new SecretsManagerClient(config), new SSMClient(config)];
  const reader = createAwsSecrets({ secretsManager, ssm, now: clock.now });
  const tokens = tokensOn({
    table: openTable(dynamo.connect(), table),
    secretsManager: () => secretsManager,
    token_key_arn: key,
    secrets: reader,
    openDispatchers: createNodeDispatchers,
    clock,
    tell: (one) => news.push(one),
  });
  const url = server.resource_url;
  const connection: Connection = { transport: 'http', url, auth, allow_http: true, allow_private_network: true };
  const transport = createHttpTransport({
    connections: new Map([['octo', connection]]),
    secrets: reader,
    clock,
    openDispatchers: createNodeDispatchers,
    openTokens: tokens.open,
  });
  open.push(transport, tokens, { close: async () => [secretsManager, ssm].forEach((one) => void one.destroy()) });
  const call = () =>
    transport.call({ connection: 'octo', call: { url: '/jobs/1' }, budget_ms: 20_000, redirects_as_answers: [] });
  return { call };
}
const put = (refresh_token: string): string => {
  secrets[grant] = JSON.stringify({ token: refresh_token, note: 'kept' });
  return refresh_token;
};
const inSecret = (): string => JSON.parse(secrets[grant] ?? '{}').token;
const writes = (): number => front.calls.filter(({ action }) => action === 'secretsmanager:PutSecretValue').length;
const done = { answered: true, http_status: 200 };

describe('tokens on AWS', () => {
  it('are shared by all functions: one refreshes, and nobody asks the table while they last', async () => {
    put(server.grant());
    const functions = Array.from({ length: 5 }, () => environment());
    const answers = await Promise.all(functions.flatMap(({ call }) => [call(), call()]));
    for (const answer of answers) expect(answer).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(1);
    const reads = dynamo.front.calls.length;
    for (const { call } of functions) expect(await call()).toMatchObject(done);
    expect(dynamo.front.calls).toHaveLength(reads);
  });

  it('go back to the secret once in ten minutes, beside its other keys, and the table leads in between', async () => {
    server.behaviour.expires_in = 60;
    put(server.grant());
    for (let minutes = 0; minutes < 25; minutes += 1) {
      expect(await environment().call()).toMatchObject(done);
      clock.now_ms += 60_000;
    }
    expect(server.tokenRequests()).toHaveLength(25);
    expect(writes()).toBe(3);
    expect(JSON.parse(secrets[grant] ?? '{}')).toMatchObject({ note: 'kept' });
    const used = server.tokenRequests().map(({ form }) => form.get('refresh_token'));
    expect(new Set(used).size).toBe(25);
    expect(news).toEqual([]);
  });

  it('begin anew with a grant that a person has put into the secret', async () => {
    put(server.grant());
    await environment().call();
    clock.now_ms += hour_ms;
    await environment().call();
    const another = put(server.grant());
    clock.now_ms += hour_ms;
    expect(await environment().call()).toMatchObject(done);
    expect(server.isLive(another)).toBe(false);
    expect(server.isLive(inSecret())).toBe(true);
  });

  it('stand nowhere readable: neither in an item nor in what is told', async () => {
    const first = put(server.grant());
    await environment().call();
    clock.now_ms += hour_ms;
    await environment().call();
    const rows = await openTable(dynamo.connect(), table).all({
      where: { text: 'pk = :pk', values: { ':pk': 'OAUTH#octo' } },
      consistent: true,
    });
    expect(rows).toHaveLength(1);
    expect(Object.keys(rows[0] ?? {}).sort()).toEqual(['lease_until_ms', 'pk', 'sealed', 'sk', 'version']);
    const bytes = Buffer.from(rows[0]?.['sealed'] as Uint8Array).toString('latin1');
    for (const secret of [first, inSecret(), 'access-', 'refresh']) expect(bytes).not.toContain(secret);
  });

  it('begin anew from the secret when the key is lost', async () => {
    put(server.grant());
    await environment().call();
    secrets[key] = 'x'.repeat(64);
    clock.now_ms += hour_ms;
    expect(await environment().call()).toMatchObject(done);
  });

  it('live on in the table when the secret may not be written, which is told', async () => {
    const first = put(server.grant());
    refused = 'secretsmanager:PutSecretValue';
    for (let hours = 0; hours < 3; hours += 1) {
      expect(await environment().call()).toMatchObject(done);
      clock.now_ms += hour_ms;
    }
    expect(inSecret()).toBe(first);
    expect(news[0]).toMatchObject({
      type: 'not_written_back',
      message: expect.stringContaining('deploy the stack again'),
    });
  });

  it('fail for now when a secret cannot be read just now', async () => {
    put(server.grant());
    const { call } = environment();
    await front.close();
    expect(await call()).toMatchObject({ answered: false, type: 'server_error', sent: false });
    expect(server.tokenRequests()).toEqual([]);
  });

  it('by client credentials are asked for once, and write nothing back', async () => {
    const functions = Array.from({ length: 4 }, () => environment(byClient));
    for (const answer of await Promise.all(functions.map(({ call }) => call()))) expect(answer).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(1);
    expect(writes()).toBe(0);
  });

  it('die once: one piece of news, one attempt a minute, whichever function asks', async () => {
    put(server.grant());
    await environment().call();
    server.revoke();
    const functions = Array.from({ length: 4 }, () => environment());
    for (let rounds = 0; rounds < 3; rounds += 1)
      for (const { call } of functions)
        expect(await call()).toMatchObject({
          type: 'auth_failed',
          message: expect.stringContaining('untildone connect octo'),
        });
    expect(server.tokenRequests()).toHaveLength(2);
    expect(news.map(({ type }) => type)).toEqual(['dead']);
  });
});
