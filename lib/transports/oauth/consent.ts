import * as oauth from 'oauth4webapi';
import type { Fault } from '../../ports.ts';
import type { AuthorizationServer } from './discover.ts';
import type { GrantSecret } from './grant-secret.ts';
import { guardedFetch, guardTo, NoAnswer, type OauthWay } from './guarded-fetch.ts';

/** Who asks: an id that somebody registered, with its secret if it has one; null registers anew (RFC 7591). */
export type KnownClient = { client_id: string; client_secret: string | null };

export type ConsentOptions = {
  server: AuthorizationServer;
  client: KnownClient | null;
  /** Where the browser is sent back to: a loopback address (RFC 8252). */
  redirect_uri: string;
  /** Else what the resource asks for. */
  scope: string | undefined;
  way: Omit<OauthWay, 'until_ms'>;
};

/** What a person is asked in a browser, and what comes of the answer. */
export type Consent = {
  /** To be opened in a browser. */
  url: string;
  /** Marks the answer as ours: an address without it is not for us. */
  state: string;
  /** Turns the address that the browser was sent back to into a grant. Good for one answer. */
  finish(returned: URL): Promise<Agreed>;
};
export type Agreed = { ok: true; grant: GrantSecret; scope: string | null } | Refused;
/** In words for people, without any secret. `passing`: may go well the next time. */
export type Refused = { ok: false; code: string; message: string; passing: boolean };
export type BegunConsent = { ok: true; consent: Consent; client_id: string } | Refused;

/** A call of ours to the authorization server may take so long, ms. */
const call_ms = 10_000;

/** Prepares the authorization code grant with PKCE (RFC 7636, S256), for the resource that the tokens are for (RFC 8707). */
export async function beginConsent(options: ConsentOptions): Promise<BegunConsent> {
  const { server, redirect_uri } = options;
  if (server.authorization_endpoint === null)
    return refused('NO_AUTHORIZATION_ENDPOINT', `${server.issuer} names no address where a person could agree`);
  const registered = options.client === null ? await register(options) : { ok: true as const, client: options.client };
  if (!registered.ok) return registered;
  const { client } = registered;
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  const scope = scopeOf(options);
  const asked = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    resource: server.resource,
    ...(scope === '' ? {} : { scope }),
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return {
    ok: true,
    client_id: client.client_id,
    consent: { url: url.href, state, finish: (returned) => exchange(options, client, { returned, verifier, state }) },
  };
}

/** What is asked for, and `offline_access` where the server knows it: without it some give no refresh token. */
function scopeOf({ scope, server }: ConsentOptions): string {
  if (scope !== undefined) return scope;
  const offline = server.metadata.scopes_supported?.includes('offline_access') ? ['offline_access'] : [];
  return [...new Set([...server.scopes, ...offline])].join(' ');
}

async function register({
  server,
  redirect_uri,
  way,
}: ConsentOptions): Promise<{ ok: true; client: KnownClient } | Refused> {
  if (server.registration_endpoint === null)
    return refused(
      'NO_REGISTRATION',
      `${server.issuer} lets no client register itself; register one there with the redirect address http://127.0.0.1/callback, and set "client_id"`,
    );
  try {
    const response = await oauth.dynamicClientRegistrationRequest(
      server.metadata,
      {
        client_name: 'untildone',
        redirect_uris: [redirect_uri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      callOptions(server.registration_endpoint, way),
    );
    const { client_id, client_secret } = await oauth.processDynamicClientRegistrationResponse(response);
    return { ok: true, client: { client_id, client_secret: typeof client_secret === 'string' ? client_secret : null } };
  } catch (error) {
    return inWords(error, 'REGISTRATION_REFUSED', `${server.issuer} did not register a client`);
  }
}

type Returned = { returned: URL; verifier: string; state: string };

async function exchange(
  { server, redirect_uri, way }: ConsentOptions,
  { client_id, client_secret }: KnownClient,
  { returned, verifier, state }: Returned,
): Promise<Agreed> {
  const client: oauth.Client = { client_id };
  try {
    const answer = oauth.validateAuthResponse(server.metadata, client, returned, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server.metadata,
      client,
      proofOf(server, client_secret),
      answer,
      redirect_uri,
      verifier,
      { ...callOptions(server.token_endpoint, way), additionalParameters: { resource: server.resource } },
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server.metadata, client, response);
    if (tokens.refresh_token === undefined)
      return refused(
        'NO_REFRESH_TOKEN',
        `${server.issuer} gave an access token but no refresh token, so that nothing could be watched for long; ask for the scope it wants for that (often offline_access) in "scope"`,
      );
    const { refresh_token, scope = null } = tokens;
    const grant: GrantSecret = {
      refresh_token,
      client_id,
      token_url: server.token_endpoint,
      resource: server.resource,
    };
    return { ok: true, scope, grant: client_secret === null ? grant : { ...grant, client_secret } };
  } catch (error) {
    return inWords(error, 'NOT_AGREED', `${server.issuer} gave no token`);
  }
}

/** RFC 8414 §2: a server that does not say takes the secret in the header. */
function proofOf({ metadata }: AuthorizationServer, client_secret: string | null): oauth.ClientAuth {
  if (client_secret === null) return oauth.None();
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return methods.includes('client_secret_basic')
    ? oauth.ClientSecretBasic(client_secret)
    : oauth.ClientSecretPost(client_secret);
}

/** Calls reach this one address and nothing else. */
const callOptions = (endpoint: string, way: ConsentOptions['way']) => {
  const limited: OauthWay = { ...way, until_ms: performance.now() + call_ms };
  return {
    [oauth.customFetch]: guardedFetch(limited, guardTo(new URL(endpoint), limited)),
    [oauth.allowInsecureRequests]: way.allow_http,
  };
};

const refused = (code: string, message: string, passing = false): Refused => ({ ok: false, code, message, passing });

/** What the server says of the refusal (RFC 6749 §4.1.2.1, §5.2), never what was sent to it. */
function inWords(error: unknown, code: string, what: string): Refused {
  if (error instanceof NoAnswer) return refused(code, `${what}: ${error.fault.message}`, isPassing(error.fault));
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError)
    return refused(code, `${what}: ${said(error.error, error.error_description)}`);
  return refused(code, `${what}: ${error instanceof Error ? error.message : 'its answer cannot be read'}`);
}

const isPassing = ({ type }: Fault): boolean => !['not_allowed', 'redirected'].includes(type);

const said = (name: string, description: string | undefined): string =>
  [name, description]
    .filter((part) => part !== undefined)
    .join(', ')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 300);
