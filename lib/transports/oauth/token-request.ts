import * as oauth from 'oauth4webapi';
import type { FaultType } from '../../core/kind.ts';
import type { Fault } from '../../ports.ts';
import { refusal } from '../follow-call.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import { guardedFetch, guardTo, NoAnswer, type OauthWay } from './guarded-fetch.ts';

/** Where tokens are asked for; `auth_methods` as the server's metadata has them, null where there is none. */
export type TokenEndpoint = { url: string; auth_methods: readonly string[] | null };
export type TokenRequest = {
  endpoint: TokenEndpoint;
  client_id: string;
  client_secret: string | null;
  /** Null: client credentials. */
  refresh_token: string | null;
  scope: string | undefined;
  /** RFC 8707. */
  resource: string | undefined;
  now_ms: number;
};
export type TokenAnswer =
  | { type: 'tokens'; access_token: string; expires_in: number | null; refresh_token: string | null }
  /** Asking again with the same secrets helps nobody. `words`: the server's, unredacted. */
  | { type: 'refused'; error: string; words: string }
  /** It may pass. */
  | { type: 'trouble'; fault: Fault };

/** Asks for tokens once; RFC 6749 §4.4 and §6. Never throws. */
export async function requestTokens(request: TokenRequest, way: OauthWay): Promise<TokenAnswer> {
  const { client_secret, endpoint } = request;
  const basic = client_secret !== null && !prefersBody(endpoint.auth_methods);
  const first = await attempt(request, way, basic);
  // A server without metadata may know the secret in the body only, and has done nothing yet.
  const again = basic && endpoint.auth_methods === null && first.type === 'refused' && first.error === 'invalid_client';
  return again ? attempt(request, way, false) : first;
}

/** RFC 8414 §2: without a word, `client_secret_basic`. */
const prefersBody = (methods: readonly string[] | null): boolean =>
  methods !== null && !methods.includes('client_secret_basic') && methods.includes('client_secret_post');

async function attempt(request: TokenRequest, way: OauthWay, basic: boolean): Promise<TokenAnswer> {
  const { client_id, client_secret, refresh_token, scope, resource } = request;
  const { url } = request.endpoint;
  const server = { issuer: url, token_endpoint: url };
  const proof =
    client_secret === null
      ? oauth.None()
      : basic
        ? oauth.ClientSecretBasic(client_secret)
        : oauth.ClientSecretPost(client_secret);
  const parameters = {
    ...(refresh_token === null ? {} : { refresh_token }),
    ...(scope === undefined ? {} : { scope }),
    ...(resource === undefined ? {} : { resource }),
  };
  const grant = refresh_token === null ? 'client_credentials' : 'refresh_token';
  try {
    const response = await oauth.genericTokenEndpointRequest(server, { client_id }, proof, grant, parameters, {
      [oauth.customFetch]: guardedFetch(way, guardTo(new URL(url), way)),
      [oauth.allowInsecureRequests]: way.allow_http,
    });
    const body = objectIn(await response.text());
    if (response.status !== 200 || typeof body?.['error'] === 'string') return refusedBy(request, response, body);
    const read = await oauth.processGenericTokenEndpointResponse(server, { client_id }, readable(body));
    if (read.token_type !== 'bearer' || !/^[\x21-\x7e]+$/.test(read.access_token))
      return { type: 'refused', error: 'token_type', words: 'the access token is none that a header can bear' };
    const { access_token, expires_in = null, refresh_token: next = null } = read;
    return { type: 'tokens', access_token, expires_in, refresh_token: next };
  } catch (error) {
    if (!(error instanceof NoAnswer)) return trouble('unparseable', `${originOf(url)} answered with no token`, null);
    const { fault } = error;
    if (fault.type === 'redirected') return { type: 'refused', error: 'redirect', words: fault.message };
    return { type: 'trouble', fault };
  }
}

/** What is read of an answer that gives a token: a refresh token must not be lost for the sake of a field beside it. */
function readable(body: Record<string, unknown> | undefined): Response {
  const { access_token, token_type = 'bearer', expires_in, refresh_token } = body ?? {};
  const lifetime = Number.parseFloat(String(expires_in));
  return Response.json({
    access_token,
    token_type,
    ...(lifetime >= 0 ? { expires_in: lifetime } : {}),
    ...(typeof refresh_token === 'string' && refresh_token !== '' ? { refresh_token } : {}),
  });
}

/** Errors by name that say "not now". */
const passing = new Set(['temporarily_unavailable', 'server_error', 'slow_down', 'authorization_pending']);

function refusedBy(
  { endpoint: { url }, now_ms }: TokenRequest,
  { status, headers }: Response,
  body: Record<string, unknown> | undefined,
): TokenAnswer {
  const retry_after_seconds = retryAfterSeconds(Object.fromEntries(headers), now_ms);
  const limited =
    status === 429 ||
    (status === 403 && (retry_after_seconds !== null || headers.get('x-ratelimit-remaining') === '0'));
  const said = (field: string): string => (typeof body?.[field] === 'string' ? String(body[field]) : '');
  const error = /^[\w.-]{1,64}$/.exec(said('error'))?.[0] ?? '';
  if (limited || status === 408 || status === 425 || status >= 500 || passing.has(error))
    return trouble(
      limited ? 'rate_limited' : 'server_error',
      `${originOf(url)} answered ${status} to the request for a token`,
      retry_after_seconds,
    );
  const description = said('error_description')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 200);
  const words = [error === '' ? `HTTP ${status}` : error, description].filter((part) => part !== '').join(': ');
  return { type: 'refused', error, words };
}

const trouble = (type: FaultType, message: string, retry_after_seconds: number | null): TokenAnswer => ({
  type: 'trouble',
  fault: { ...refusal(type, message), retry_after_seconds },
});

const originOf = (url: string): string => new URL(url).origin;

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
