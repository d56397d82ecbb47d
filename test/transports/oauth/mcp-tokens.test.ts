import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../lib/core/configuration.ts';
import { createLocalTokenKeeping } from '../../../lib/embedded/token-keeping.ts';
import { createLocalSecrets } from '../../../lib/transports/local-secrets.ts';
import { createMcpTransport } from '../../../lib/transports/mcp-transport.ts';
import { createTokenSources } from '../../../lib/transports/oauth/token-sources.ts';
import { createUndiciDispatchers } from '../../../lib/transports/undici-dispatchers.ts';
import { startAuthorizationServer } from '../../support/authorization-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { type Before, toolServer } from '../mcp-world.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A tool server that takes the tokens of an authorization server on another host, and says so to strangers. */
async function world() {
  const authorization = await startAuthorizationServer();
  const before: Before = (request) => {
    const { origin, pathname } = new URL(request.url);
    const metadata = '/.well-known/oauth-protected-resource/mcp';
    if (pathname === metadata)
      return Response.json({ resource: `${origin}/mcp`, authorization_servers: [authorization.issuer] });
    const token = (request.headers.get('authorization') ?? '').replace('Bearer ', '');
    if (authorization.accepts(token)) return undefined;
    const challenge = { 'www-authenticate': `Bearer resource_metadata="${origin}${metadata}"` };
    return new Response(null, { status: 401, headers: challenge });
  };
  const tools = await toolServer({ look: () => ({ content: [{ type: 'text', text: '{"state":"DONE"}' }] }) }, before);
  const directory = temporaryDirectory();
  writeFileSync(join(directory.path, 'octo'), authorization.grant());
  const connection: Connection = {
    transport: 'mcp',
    url: tools.url,
    auth: { type: 'oauth2-refresh-token', client_id: 'public', refresh_token: 'file:octo' },
    allow_http: true,
    allow_private_network: true,
  };
  const secrets = createLocalSecrets({ environment: {}, base_directory: directory.path });
  const openDispatchers = createUndiciDispatchers;
  const tokens = createTokenSources({
    secrets,
    keeping: createLocalTokenKeeping({ base_directory: directory.path, data_directory: directory.path }),
    openDispatchers,
    clock: { now: Date.now, sleep },
    tell: () => undefined,
  });
  const transport = createMcpTransport({
    secrets,
    openDispatchers,
    openTokens: tokens.open,
    connections: new Map([['octo', connection]]),
    clock: { now: Date.now },
  });
  open.push(directory.remove, authorization.close, tools.close, tokens.close, transport.close);
  const call = () =>
    transport.call({ connection: 'octo', call: { tool: 'look' }, budget_ms: 10_000, redirects_as_answers: [] });
  return { authorization, tools, call };
}

describe('a tool behind an authorization server', () => {
  it('is called with a token for its own address, from the server that it names', async () => {
    const { authorization, tools, call } = await world();
    expect(await call()).toMatchObject({ answered: true, http_status: 200, body: { state: 'DONE' } });
    expect(authorization.tokenRequests()).toHaveLength(1);
    expect(authorization.tokenRequests()[0]?.form.get('resource')).toBe(tools.url);
  });
  it('is called once more with another token when it refuses the one it knew', async () => {
    const { authorization, call } = await world();
    await call();
    authorization.forgetAccess();
    expect(await call()).toMatchObject({ http_status: 200, body: { state: 'DONE' } });
    expect(authorization.tokenRequests()).toHaveLength(2);
  });
  it('fails with what to do when the grant is gone', async () => {
    const { authorization, call } = await world();
    await call();
    authorization.revoke();
    expect(await call()).toMatchObject({
      type: 'auth_failed',
      message: expect.stringContaining('untildone connect octo'),
    });
  });
});
