import type { FaultType } from '../../core/kind.ts';
import type { Fault } from '../../ports.ts';
import { refusal } from '../follow-call.ts';
import type { Guard } from '../safe-connect.ts';
import type { DiscoverableConnection } from './discover.ts';
import { guardedFetch, NoAnswer, type OauthWay } from './guarded-fetch.ts';

/** What a remote system says of itself (RFC 9728). */
export type ProtectedResource = {
  resource: string;
  /** Issuers, most wanted first. */
  authorization_servers: readonly string[];
  scopes: readonly string[];
};
/** `passing`: a fault that may be gone the next time, when nothing was found. */
export type FoundResource = { resource?: ProtectedResource; passing?: Fault };

/** What leads off the connection's hosts is not asked, and counts as nothing said. */
const elsewhere: ReadonlySet<FaultType> = new Set(['not_allowed', 'redirected']);

/** Asks a remote system, without a credential, who gives out its tokens. */
export async function findResource(
  connection: Pick<DiscoverableConnection, 'transport' | 'url'>,
  way: OauthWay,
  guard: Guard,
): Promise<FoundResource> {
  const url = new URL(connection.url);
  const fetch = guardedFetch(way, guard);
  let passing: Fault | undefined;
  let challenge: Challenge = {};
  try {
    challenge = challengeIn(await fetch(url.href, knock[connection.transport]));
  } catch (error) {
    // Whoever redirects a stranger may still have metadata.
    if (error instanceof NoAnswer && !elsewhere.has(error.fault.type)) passing = error.fault;
  }
  for (const at of [challenge.resource_metadata, ...wellKnown(url)]) {
    if (at === undefined || URL.parse(at) === null) continue;
    try {
      const response = await fetch(at, { headers: { accept: 'application/json' } });
      const read = response.status === 200 ? readResource(await response.text(), url) : undefined;
      if (read !== undefined) return { resource: { ...read, scopes: challenge.scope?.split(' ') ?? read.scopes } };
      if (response.status >= 500 || response.status === 429)
        passing ??= refusal(
          'server_error',
          `${url.origin} answered ${response.status} to the question for its metadata`,
        );
    } catch (error) {
      if (error instanceof NoAnswer && !elsewhere.has(error.fault.type)) passing ??= error.fault;
    }
  }
  return passing === undefined ? {} : { passing };
}

/** A call that does nothing, to be told who to ask first. */
const knock: Record<DiscoverableConnection['transport'], Parameters<ReturnType<typeof guardedFetch>>[1]> = {
  http: {},
  mcp: {
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  },
};

function wellKnown(url: URL): string[] {
  const path = url.pathname.replace(/\/$/, '');
  const root = `${url.origin}/.well-known/oauth-protected-resource`;
  return path === '' ? [root] : [root + path, root];
}

type Challenge = { resource_metadata?: string; scope?: string };

/** RFC 9728 §5.1 and RFC 6750 §3, of a 401 only. */
function challengeIn({ status, headers }: Response): Challenge {
  const text = headers.get('www-authenticate') ?? '';
  if (status !== 401 || !/\bbearer\b/i.test(text)) return {};
  const parameter = (name: string): string | undefined =>
    new RegExp(`[\\s,]${name}\\s*=\\s*(?:"([^"\\\\]*)"|([^\\s",]+))`, 'i').exec(text)?.slice(1).find(Boolean);
  const [resource_metadata, scope] = [parameter('resource_metadata'), parameter('scope')];
  return {
    ...(resource_metadata === undefined ? {} : { resource_metadata }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** Undefined for what is no metadata of this resource: a server may speak for the paths below its own name only. */
function readResource(text: string, url: URL): ProtectedResource | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  const { resource, authorization_servers, scopes_supported } = document as Record<string, unknown>; // an object, read field by field
  if (typeof resource !== 'string' || !covers(resource, url)) return undefined;
  return { resource, authorization_servers: texts(authorization_servers), scopes: texts(scopes_supported) };
}

function covers(resource: string, url: URL): boolean {
  const named = URL.parse(resource);
  if (named === null || named.origin !== url.origin) return false;
  const path = named.pathname.replace(/\/$/, '');
  return `${url.pathname}/`.startsWith(`${path}/`);
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one !== '') : [];
