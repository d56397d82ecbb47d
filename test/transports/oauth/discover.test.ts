import { afterEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../lib/core/configuration.ts';
import { discoverServer } from '../../../lib/transports/oauth/discover.ts';
import { createUndiciDispatchers } from '../../../lib/transports/undici-dispatchers.ts';
import {
  type Behaviour,
  type FakeAuthorizationServer,
  startAuthorizationServer,
} from '../../support/authorization-server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
const kept = <Thing extends { close(): Promise<void> }>(thing: Thing): Thing => {
  open.push(thing);
  return thing;
};
const started = async (given: Partial<Behaviour> & { path?: string } = {}) =>
  kept(await startAuthorizationServer(given));

const to = (server: FakeAuthorizationServer, rest: Partial<Connection> = {}): Connection => ({
  transport: 'http',
  url: server.resource_url,
  auth: { type: 'oauth2-client-credentials', client_id: 'ci', client_secret: 'env:SECRET' },
  allow_http: true,
  allow_private_network: true,
  ...rest,
});
const discover = (connection: Connection, limit_ms = 5_000) =>
  discoverServer(connection, {
    dispatchers: kept(createUndiciDispatchers()),
    until_ms: performance.now() + limit_ms,
  });
const withToken = (token_url: string): Connection['auth'] => ({
  type: 'oauth2-client-credentials',
  client_id: 'ci',
  client_secret: 'env:SECRET',
  token_url,
});

describe('discovery of an authorization server', () => {
  it.each<[string, Partial<Behaviour> & { path?: string }]>([
    ['RFC 8414 at the root', {}],
    ['RFC 8414 under a path', { path: '/tenant' }],
    ['OpenID Connect at the root', { layout: 'oidc' }],
    ['OpenID Connect under a path', { layout: 'oidc', path: '/tenant' }],
    ['a challenge that names nothing', { challenges: false }],
  ])('finds every endpoint: %s', async (_name, given) => {
    const server = await started(given);
    for (const transport of ['http', 'mcp'] as const) {
      const found = await discover(to(server, { transport }));
      expect(found).toMatchObject({
        ok: true,
        server: {
          issuer: server.issuer,
          token_endpoint: server.token_url,
          authorization_endpoint: `${server.issuer}/authorize`,
          registration_endpoint: `${server.issuer}/register`,
          resource: server.resource_url,
          scopes: ['jobs'],
        },
      });
    }
    expect(server.asked.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('asks for tokens for the connection when the resource says nothing of itself', async () => {
    const server = await started({ servers: null, challenges: false });
    expect(await discover(to(server))).toMatchObject({
      ok: true,
      server: { token_endpoint: server.token_url, resource: server.resource_url, scopes: [] },
    });
  });

  it('takes a server on another host, when the resource names it', async () => {
    const server = await started();
    const remote = await started({ servers: [server.issuer], layout: 'none' });
    const found = await discover(to(remote));
    expect(found).toMatchObject({ ok: true, server: { issuer: server.issuer, resource: remote.resource_url } });
  });

  it('takes the next server when the first tells nothing', async () => {
    const server = await started();
    server.behaviour.servers = ['http://127.0.0.1:1', 'no url', server.issuer];
    expect(await discover(to(server))).toMatchObject({ ok: true, server: { issuer: server.issuer } });
  });

  it('lets token_url win, and looks there when nothing else is said', async () => {
    const server = await started();
    const elsewhere = withToken('http://127.0.0.1:9/other');
    expect(await discover(to(server, { auth: elsewhere }))).toMatchObject({
      ok: true,
      server: { token_endpoint: 'http://127.0.0.1:9/other', issuer: server.issuer },
    });
    const remote = await started({ servers: null, layout: 'none' });
    expect(await discover(to(remote, { auth: withToken(server.token_url) }))).toMatchObject({
      ok: true,
      server: { issuer: server.issuer, token_endpoint: server.token_url },
    });
  });

  it('reads the metadata that the challenge names, wherever on its host', async () => {
    const server = await started();
    server.behaviour.instead = ({ path, headers }) => {
      if (path === '/api' && headers.authorization === undefined)
        return {
          status: 401,
          headers: {
            'www-authenticate': `Basic realm="x", Bearer scope="a b", resource_metadata="${server.origin}/meta"`,
          },
        };
      if (path === '/meta')
        return { status: 200, body: { resource: server.origin, authorization_servers: [server.issuer] } };
      return path.startsWith('/.well-known/oauth-protected') ? { status: 404 } : undefined;
    };
    expect(await discover(to(server))).toMatchObject({
      ok: true,
      server: { resource: server.origin, scopes: ['a', 'b'] },
    });
  });

  it('says what to do when nobody is named', async () => {
    const server = await started({ servers: null, layout: 'none' });
    expect(await discover(to(server))).toMatchObject({
      ok: false,
      fault: { type: 'auth_failed', message: expect.stringContaining('set "token_url"') },
    });
  });

  it('fails for now, not for ever, when the metadata is out of order', async () => {
    const server = await started();
    server.behaviour.instead = ({ path }) => (path.startsWith('/.well-known/oauth-auth') ? { status: 503 } : undefined);
    expect(await discover(to(server))).toMatchObject({ ok: false, fault: { type: 'server_error' } });
    const gone = { ...to(server), url: 'http://127.0.0.1:1/api' };
    expect(await discover(gone)).toMatchObject({ ok: false, fault: { type: 'connection_refused' } });
  });

  it('rejects metadata of another issuer, and of another resource', async () => {
    const server = await started();
    server.behaviour.instead = ({ path }) =>
      path === '/.well-known/oauth-authorization-server'
        ? { status: 200, body: { issuer: 'https://evil.example', token_endpoint: 'https://evil.example/token' } }
        : undefined;
    expect(await discover(to(server))).toMatchObject({ ok: false, fault: { type: 'auth_failed' } });
    server.behaviour.instead = ({ path }) =>
      path.startsWith('/.well-known/oauth-protected-resource')
        ? { status: 200, body: { resource: `${server.origin}/other`, authorization_servers: ['https://evil.example'] } }
        : undefined;
    expect(await discover(to(server))).toMatchObject({ ok: true, server: { issuer: server.issuer } });
  });

  it('rejects plain http and private addresses, unless the connection allows them', async () => {
    const server = await started();
    const https = await discover(to(server, { allow_http: false }));
    expect(https).toMatchObject({ ok: false, fault: { type: 'not_allowed' } });
    const shut = await discover(to(server, { allow_private_network: false }));
    expect(shut).toMatchObject({ ok: false, fault: { type: 'not_allowed' } });
    expect(server.asked).toEqual([]);
  });

  it('never asks a host that the challenge leads to', async () => {
    const [server, foreign] = [await started(), await started()];
    server.behaviour.instead = ({ path }) => {
      if (path !== '/api') return undefined;
      return { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${foreign.origin}/meta"` } };
    };
    expect((await discover(to(server))).ok).toBe(true);
    server.behaviour.instead = ({ path }) =>
      path.startsWith('/.well-known') ? { status: 302, headers: { location: `${foreign.origin}${path}` } } : undefined;
    expect(await discover(to(server))).toMatchObject({ ok: false, fault: { type: 'auth_failed' } });
    expect(foreign.asked).toEqual([]);
  });

  it('leaves out an endpoint that no browser should be sent to', async () => {
    const server = await started();
    server.behaviour.instead = ({ path }) =>
      path === '/.well-known/oauth-authorization-server'
        ? {
            status: 200,
            body: {
              issuer: server.issuer,
              token_endpoint: server.token_url,
              authorization_endpoint: 'javascript:alert(1)',
              registration_endpoint: 'file:///etc/passwd',
            },
          }
        : undefined;
    expect(await discover(to(server))).toMatchObject({
      ok: true,
      server: { authorization_endpoint: null, registration_endpoint: null },
    });
  });

  it('gives up in time and at 256 KB', async () => {
    const server = await started();
    server.behaviour.instead = ({ path }) =>
      path.startsWith('/.well-known/oauth-auth') ? { status: 200, body: 'x'.repeat(300_000) } : undefined;
    expect(await discover(to(server))).toMatchObject({ ok: false, fault: { type: 'too_large' } });
    expect(await discover(to(server), 0)).toMatchObject({ ok: false, fault: { type: 'timeout' } });
  });
});
