import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { ConfigError } from '../core/errors.ts';
import type { FaultType } from '../core/kind.ts';
import { mayReach } from './addresses.ts';

/** Where a connection or an announce target may go. */
export type OutboundPolicy = {
  /** Names or IP literals, each optionally narrowed by `:port`; without a port, any port of that host. */
  allow_hosts: readonly string[];
  allow_http: boolean;
  allow_private_network: boolean;
};

/** A host name → all its addresses. Rejects when the name does not resolve. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Says why a URL is refused, or undefined. Names are judged again when they are resolved. */
export type Guard = (url: URL) => string | undefined;

/** Raised inside a connection attempt, before anything is sent. */
export class ConnectError extends Error {
  readonly type: FaultType;

  constructor(type: FaultType, message: string) {
    super(message);
    this.name = 'ConnectError';
    this.type = type;
  }
}

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80');
/** An IPv6 address without the brackets that a URL needs. */
export const bareHost = (hostname: string): string => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname);

/** `API.example.com:8443`, `2130706433`, `::1` → the host as a WHATWG URL spells it, with the port if one was given. */
function normalisedHost(entry: string): string {
  const text = isIP(entry) === 6 ? `[${entry}]` : entry;
  const url = /[/?#@\\*\s]/.test(text) ? null : URL.parse(`https://${text}`);
  if (url === null)
    throw new ConfigError(
      `allow_hosts has "${entry}"; write a host name or an IP address, optionally with ":port" (no scheme, path or wildcard)`,
    );
  // The URL drops ":443" as the default of its scheme, but it narrows all the same.
  return /:\d+$/.test(text) ? `${url.hostname}:${portOf(url)}` : url.hostname;
}

/** What is allowed when the configuration does not say: the host and port of the url itself. */
export const ownHost = (url: URL): string => `${url.hostname}:${portOf(url)}`;

/** Deny by default: https, no credentials in the URL, a host of the list, and an address that may be reached. Throws ConfigError for an entry that is no host. */
export function createGuard(policy: OutboundPolicy): Guard {
  const hosts = new Set(policy.allow_hosts.map(normalisedHost));
  return (url) => {
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      return `the scheme "${url.protocol}" is not allowed; use https`;
    if (url.protocol === 'http:' && !policy.allow_http)
      return 'plain http is not allowed; use https, or set "allow_http": true';
    if (url.username !== '' || url.password !== '')
      return 'the URL carries credentials; put them under the connection\'s "auth"';
    if (!hosts.has(url.hostname) && !hosts.has(ownHost(url)))
      return `the host ${ownHost(url)} is not in allow_hosts; add it there if the job may reach it`;
    const host = bareHost(url.hostname);
    // Node connects to an IP literal without asking `lookup`, so it is judged here.
    if (isIP(host) !== 0 && !mayReach(host, policy.allow_private_network)) return addressProblem(host, host);
    return undefined;
  };
}

const addressProblem = (host: string, address: string): string =>
  `${host === address ? host : `${host} resolves to ${address}, which`} is a private, local or reserved address; ` +
  'set "allow_private_network": true if it is meant (link-local and metadata addresses stay refused)';

/** As the machine resolves names. */
export const systemResolve: Resolve = async (host) =>
  (await systemLookup(host, { all: true, verbatim: true })).map(({ address }) => address);

/**
 * The `lookup` of a socket: resolves once, judges every address and hands exactly those on, so that the address connected
 * to is the address checked. One address that may not be reached refuses the whole answer: a name that is public and
 * private at once is either rebinding or a mistake, and choosing for it would hide both.
 */
export function guardedLookup(resolve: Resolve, allow_private_network: boolean): LookupFunction {
  return (host, options, callback) => {
    const judged = resolve(host).then(
      (addresses) => {
        const refused = addresses.find((address) => !mayReach(address, allow_private_network));
        if (refused !== undefined) throw new ConnectError('not_allowed', addressProblem(host, refused));
        const [first] = addresses;
        if (first === undefined) throw new ConnectError('dns', `${host} has no address`);
        return { first, all: addresses.map((address) => ({ address, family: isIP(address) })) };
      },
      () => {
        throw new ConnectError('dns', `${host} does not resolve; check the name`);
      },
    );
    judged.then(
      ({ first, all }) => (options.all ? callback(null, all) : callback(null, first, isIP(first))),
      (error: Error) => callback(error, ''),
    );
  };
}
