import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it came. `form` holds the body of a POST and the query of a GET. */
export type AskedOfServer = {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  form: URLSearchParams;
  body: string;
};
export type Reply = { status: number; headers?: Record<string, string>; body?: unknown };
type Client = { secret: string | null; redirect_uris: string[] };
type Chain = { client_id: string; revoked: boolean };

/** How the server behaves; a test changes it as it goes. */
export type Behaviour = {
  /** Access tokens end after so many seconds by `now`; null does not say, and they never do. */
  expires_in: number | null;
  /** `once`: a refresh token is good for one use, a second one revokes its whole chain. */
  rotation: 'none' | 'once';
  /** Where its metadata is: RFC 8414, OpenID Connect appended to the path, or nowhere. */
  layout: 'oauth' | 'oidc' | 'none';
  /** What the resource calls its authorization servers; null: it has no metadata. */
  servers: string[] | null;
  /** True: the 401 names the metadata. */
  challenges: boolean;
  client_auth: string[];
  /** Answers instead of the server. */
  instead?: ((asked: AskedOfServer) => Reply | undefined) | undefined;
  /** Called once a token answer is decided and before it is sent; holding it makes a slow server. */
  beforeToken?: ((asked: AskedOfServer) => Promise<void> | void) | undefined;
  now: () => number;
};

export type FakeAuthorizationServer = Awaited<ReturnType<typeof startAuthorizationServer>>;

const random = (prefix: string): string => `${prefix}-${randomBytes(12).toString('hex')}`;
const refused = (error: string, status = 400): Reply => ({
  status,
  body: { error, error_description: 'as was asked' },
});

/**
 * An authorization server and a resource under it on loopback: metadata in both layouts, token endpoint with rotation,
 * registration, authorization with PKCE, and `/api` (`/api/mcp` too), which answers good tokens with `{"state":"DONE"}`. Close it.
 */
export async function startAuthorizationServer(given: Partial<Behaviour> & { path?: string } = {}) {
  const asked: AskedOfServer[] = [];
  const clients = new Map<string, Client>([
    ['ci', { secret: 'client-secret-1', redirect_uris: [] }],
    ['public', { secret: null, redirect_uris: ['http://127.0.0.1/callback'] }],
  ]);
  const access = new Map<string, { until_ms: number; chain: Chain | null }>();
  const refresh = new Map<string, { chain: Chain; used: boolean }>();
  const issued = new Set<string>();
  const codes = new Map<string, { client_id: string; challenge: string; redirect_uri: string }>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback');
      const method = request.method ?? 'GET';
      const form = method === 'POST' ? new URLSearchParams(body) : searchParams;
      const one: AskedOfServer = { method, path: pathname, headers: request.headers, form, body };
      asked.push(one);
      const reply = behaviour.instead?.(one) ?? (await answer(one));
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(reply.body === undefined ? '' : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = given.path ?? '';
  const issuer = origin + path;
  const behaviour: Behaviour = {
    expires_in: 3600,
    rotation: 'once',
    layout: 'oauth',
    servers: [issuer],
    challenges: true,
    client_auth: ['client_secret_basic', 'client_secret_post', 'none'],
    now: Date.now,
    ...given,
  };

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: behaviour.client_auth,
  });
  const places: Record<Behaviour['layout'], string | undefined> = {
    oauth: `/.well-known/oauth-authorization-server${path}`,
    oidc: `${path}/.well-known/openid-configuration`,
    none: undefined,
  };

  async function answer(one: AskedOfServer): Promise<Reply> {
    if (one.path === places[behaviour.layout]) return { status: 200, body: metadata() };
    if (one.path === '/.well-known/oauth-protected-resource/api' && behaviour.servers !== null)
      return {
        status: 200,
        body: { resource: `${origin}/api`, authorization_servers: behaviour.servers, scopes_supported: ['jobs'] },
      };
    if (one.path === `${path}/token` && one.method === 'POST') {
      const reply = token(one);
      await behaviour.beforeToken?.(one);
      return reply;
    }
    if (one.path === `${path}/register` && one.method === 'POST') return register(one);
    if (one.path === `${path}/authorize`) return authorize(one);
    if (one.path === '/api' || one.path.startsWith('/api/')) return resource(one);
    return { status: 404 };
  }

  function clientOf({ headers, form }: AskedOfServer): string | undefined {
    const basic = /^Basic (.+)$/.exec(String(headers.authorization ?? ''))?.[1];
    const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
    const inBody = [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
    const [id = '', secret = ''] =
      basic === undefined ? inBody : Buffer.from(basic, 'base64').toString().split(':').map(decoded);
    const how = basic === undefined ? (secret === '' ? 'none' : 'client_secret_post') : 'client_secret_basic';
    const known = clients.get(id);
    if (known === undefined || (known.secret ?? '') !== secret || !behaviour.client_auth.includes(how))
      return undefined;
    return id;
  }
  function token(one: AskedOfServer): Reply {
    const client_id = clientOf(one);
    if (client_id === undefined) return refused('invalid_client', 401);
    const { form } = one;
    const grant = form.get('grant_type');
    if (grant === 'client_credentials') return tokens(null);
    if (grant === 'authorization_code') {
      const code = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const proof = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (code?.client_id !== client_id || code.challenge !== proof || code.redirect_uri !== form.get('redirect_uri'))
        return refused('invalid_grant');
      return tokens({ client_id, revoked: false });
    }
    if (grant !== 'refresh_token') return refused('unsupported_grant_type');
    const held = refresh.get(form.get('refresh_token') ?? '');
    if (held === undefined || held.chain.revoked || held.chain.client_id !== client_id) return refused('invalid_grant');
    if (behaviour.rotation === 'none') return tokens(held.chain, false);
    if (held.used) {
      held.chain.revoked = true;
      return refused('invalid_grant');
    }
    held.used = true;
    return tokens(held.chain);
  }
  function tokens(chain: Chain | null, with_refresh = true): Reply {
    const { expires_in } = behaviour;
    const access_token = random('access');
    const until_ms = expires_in === null ? Number.POSITIVE_INFINITY : behaviour.now() + expires_in * 1000;
    issued.add(access_token);
    access.set(access_token, { until_ms, chain });
    return {
      status: 200,
      headers: { 'cache-control': 'no-store' },
      body: {
        access_token,
        token_type: 'Bearer',
        ...(expires_in === null ? {} : { expires_in }),
        ...(chain === null || !with_refresh ? {} : { refresh_token: refreshTokenFor(chain) }),
      },
    };
  }
  function refreshTokenFor(chain: Chain): string {
    const token = random('refresh');
    issued.add(token);
    refresh.set(token, { chain, used: false });
    return token;
  }
  function register(one: AskedOfServer): Reply {
    const { redirect_uris = [] }: { redirect_uris?: string[] } = JSON.parse(one.body);
    const client_id = random('client');
    clients.set(client_id, { secret: null, redirect_uris });
    return { status: 201, body: { client_id, redirect_uris, token_endpoint_auth_method: 'none' } };
  }
  function authorize({ form }: AskedOfServer): Reply {
    const client_id = form.get('client_id') ?? '';
    const back = URL.parse(form.get('redirect_uri') ?? '');
    const known = clients.get(client_id);
    if (known === undefined || back === null) return { status: 400 };
    // RFC 8252 §7.3: any port of a loopback address will do.
    const same = (one: string): boolean => Object.assign(new URL(one), { port: back.port }).href === back.href;
    if (!known.redirect_uris.some(same) || form.get('code_challenge_method') !== 'S256') return { status: 400 };
    const code = random('code');
    codes.set(code, {
      client_id,
      challenge: form.get('code_challenge') ?? '',
      redirect_uri: form.get('redirect_uri') ?? '',
    });
    const carried = { code, iss: issuer, state: form.get('state') ?? '' };
    for (const [name, value] of Object.entries(carried)) back.searchParams.set(name, value);
    return { status: 302, headers: { location: back.href } };
  }
  function resource({ headers }: AskedOfServer): Reply {
    if (accepts(String(headers.authorization ?? '').replace(/^Bearer /, '')))
      return { status: 200, body: { state: 'DONE' } };
    const where = `, resource_metadata="${origin}/.well-known/oauth-protected-resource/api"`;
    return {
      status: 401,
      headers: { 'www-authenticate': `Bearer error="invalid_token"${behaviour.challenges ? where : ''}` },
    };
  }
  function accepts(access_token: string): boolean {
    const held = access.get(access_token);
    return held !== undefined && behaviour.now() < held.until_ms && held.chain?.revoked !== true;
  }

  return {
    origin,
    issuer,
    token_url: `${issuer}/token`,
    resource_url: `${origin}/api`,
    behaviour,
    asked,
    clients,
    accepts,
    /** Every token that was ever given out. */
    issued: (): string[] => [...issued],
    /** The requests that the token endpoint saw. */
    tokenRequests: () => asked.filter(({ path: at, method }) => at === `${path}/token` && method === 'POST'),
    /** A refresh token, as a person's consent would give. */
    grant: (client_id = 'public') => refreshTokenFor({ client_id, revoked: false }),
    /** As a restart of the resource might. */
    forgetAccess: () => access.clear(),
    /** Ends every chain and what came of it. */
    revoke: () => {
      for (const { chain } of refresh.values()) chain.revoked = true;
    },
    /** Whether a refresh with this token would be answered. */
    isLive: (refresh_token: string) => {
      const held = refresh.get(refresh_token);
      return held !== undefined && !held.chain.revoked && (behaviour.rotation === 'none' || !held.used);
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
