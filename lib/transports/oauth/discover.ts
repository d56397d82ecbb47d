import * as oauth from 'oauth4webapi';
import type { Connection } from '../../core/configuration.ts';
import type { Fault } from '../../ports.ts';
import { refusal } from '../follow-call.ts';
import { createGuard, ownHost } from '../safe-connect.ts';
import { guardedFetch, guardTo, NoAnswer, type OauthWay } from './guarded-fetch.ts';
import { findResource, type ProtectedResource } from './protected-resource.ts';

/** Who gives out the tokens of a connection. Every endpoint is an absolute URL of a scheme that the connection allows. */
export type AuthorizationServer = {
  /** Identifies the server; compare it with what an authorization answer calls `iss` (RFC 9207). */
  issuer: string;
  /** The connection's `token_url`, where it has one. */
  token_endpoint: string;
  /** Where a person agrees, in a browser; null when the server has none. */
  authorization_endpoint: string | null;
  /** Where a client registers itself (RFC 7591); null when the server has none. */
  registration_endpoint: string | null;
  /** What tokens are asked for (RFC 8707): the resource as it names itself, else the connection's url. */
  resource: string;
  /** The scopes that the resource asks for; empty when it does not say. */
  scopes: readonly string[];
  /** Everything the server says of itself, as `oauth4webapi` takes it; `token_endpoint` as above. */
  metadata: oauth.AuthorizationServer;
};
export type Discovered = { ok: true; server: AuthorizationServer } | { ok: false; fault: Fault };

/** The part of a connection that discovery needs. `allow_hosts` bounds where the resource's own metadata may be. */
export type DiscoverableConnection = Pick<
  Connection,
  'transport' | 'url' | 'auth' | 'allow_hosts' | 'allow_http' | 'allow_private_network'
>;

/**
 * Finds the authorization server of a connection and returns its token, authorization and registration endpoints, its issuer
 * and the resource to ask tokens for; else a fault, permanent (`auth_failed`) or passing. In this order:
 *
 *   1. RFC 9728: what a call without a credential is told (401, `resource_metadata`), else `/.well-known/oauth-protected-resource`
 *      with and without the url's path, name the servers
 *   2. where nothing does: the origin of `token_url`, else of the url
 *   3. of each, RFC 8414 or OpenID Connect metadata, whose issuer must be the one that was asked for
 *
 * The resource's metadata comes from hosts of the connection; the server's from its own host, with the same rules on scheme
 * and addresses. No credential is sent.
 */
export async function discoverServer(
  connection: DiscoverableConnection,
  way: Omit<OauthWay, 'allow_http' | 'allow_private_network'>,
): Promise<Discovered> {
  const { allow_http, allow_private_network } = connection;
  const guarded: OauthWay = { ...way, allow_http, allow_private_network };
  const url = new URL(connection.url);
  const allow_hosts = connection.allow_hosts ?? [ownHost(url)];
  const asked = await findResource(connection, guarded, createGuard({ ...connection, allow_hosts }));
  let { passing } = asked;
  for (const issuer of issuersOf(connection, asked.resource)) {
    const found = await findMetadata(issuer, guarded);
    if (found.metadata !== undefined) return serverOf(connection, asked.resource, found.metadata);
    passing ??= found.passing;
  }
  if (passing !== undefined) return { ok: false, fault: passing };
  return { ok: false, fault: refusal('auth_failed', nowhere(connection, asked.resource)) };
}

const tokenUrlOf = ({ auth }: DiscoverableConnection): string | undefined =>
  'token_url' in auth ? auth.token_url : undefined;

function issuersOf(connection: DiscoverableConnection, resource: ProtectedResource | undefined): URL[] {
  const named = resource?.authorization_servers ?? [];
  const from = named.length > 0 ? named : [new URL(tokenUrlOf(connection) ?? connection.url).origin];
  return from.flatMap((issuer) => URL.parse(issuer) ?? []);
}

/** RFC 8414 §3.1 inserts the path after the well-known part, OpenID Connect appends to it; both are in use for both. */
function metadataUrls(issuer: URL): string[] {
  const path = issuer.pathname.replace(/\/$/, '');
  const at = (pathname: string): string => new URL(pathname, issuer).href;
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map((name) =>
    at(`/.well-known/${name}${path}`),
  );
  return path === '' ? inserted : [...inserted, at(`${path}/.well-known/openid-configuration`)];
}

type Found = { metadata?: oauth.AuthorizationServer; passing?: Fault };

async function findMetadata(issuer: URL, way: OauthWay): Promise<Found> {
  const fetch = guardedFetch(way, guardTo(issuer, way));
  let passing: Fault | undefined;
  for (const url of metadataUrls(issuer)) {
    try {
      const response = await fetch(url, { headers: { accept: 'application/json' } });
      if (response.status === 200) return { metadata: await oauth.processDiscoveryResponse(issuer, response) };
      if (response.status >= 500 || response.status === 429)
        passing ??= refusal(
          'server_error',
          `${issuer.origin} answered ${response.status} to the question for its metadata`,
        );
    } catch (error) {
      // A document that is no metadata, or of another issuer, counts as none.
      if (error instanceof NoAnswer && error.fault.type !== 'redirected') passing ??= error.fault;
    }
  }
  return passing === undefined ? {} : { passing };
}

function serverOf(
  connection: DiscoverableConnection,
  resource: ProtectedResource | undefined,
  found: oauth.AuthorizationServer,
): Discovered {
  const metadata = { ...found, token_endpoint: tokenUrlOf(connection) ?? found.token_endpoint };
  const { token_endpoint } = metadata;
  const usable = endpoint(token_endpoint, connection);
  if (usable === null)
    return {
      ok: false,
      fault: refusal('auth_failed', `${found.issuer} names no token endpoint that may be used; set "token_url"`),
    };
  return {
    ok: true,
    server: {
      issuer: found.issuer,
      token_endpoint: usable,
      authorization_endpoint: endpoint(found.authorization_endpoint, connection),
      registration_endpoint: endpoint(found.registration_endpoint, connection),
      resource: resource?.resource ?? connection.url,
      scopes: resource?.scopes ?? [],
      metadata: { ...metadata, token_endpoint: usable },
    },
  };
}

/** An endpoint that this connection may use, as it was written, or null. */
function endpoint(text: string | undefined, { allow_http }: DiscoverableConnection): string | null {
  const url = text === undefined ? null : URL.parse(text);
  if (text === undefined || url === null || url.username !== '' || url.password !== '') return null;
  return url.protocol === 'https:' || (url.protocol === 'http:' && allow_http) ? text : null;
}

function nowhere({ url }: DiscoverableConnection, resource: ProtectedResource | undefined): string {
  const { origin } = new URL(url);
  const [named] = resource?.authorization_servers ?? [];
  return named === undefined
    ? `${origin} does not say which authorization server it trusts (RFC 9728), nor is it one itself; set "token_url"`
    : `${origin} names an authorization server that tells nothing usable of itself (RFC 8414); set "token_url"`;
}
