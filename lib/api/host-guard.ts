import { RequestError } from '../core/errors.ts';

const hostPattern = /^[A-Za-z0-9._-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/;

const bare = (name: string): string => name.toLowerCase().replace(/^\[(.*)\]$/, '$1');

/**
 * Refuses what a web page could send to a server on this machine: a name that was rebound to it (`Host`), or a request
 * from another site (`Origin`). Throws RequestError PERMISSION_DENIED.
 */
export function createHostGuard(
  allowed_hosts: readonly string[] | undefined,
): (host: string, origin: string | undefined) => void {
  const allowed = allowed_hosts === undefined ? undefined : new Set(allowed_hosts.map(bare));
  // Nearly every request names the same host.
  let good: string | undefined;
  return (host, origin) => {
    if (allowed !== undefined && host !== good) {
      if (!allowed.has(hostNameOf(host)))
        throw new RequestError(
          'PERMISSION_DENIED',
          `this server does not answer to the host ${quote(host)}; it answers to: ${[...allowed].join(', ')}`,
        );
      good = host;
    }
    if (origin !== undefined && !isSameHost(origin, host))
      throw new RequestError(
        'PERMISSION_DENIED',
        `web pages of another host may not call this server (Origin ${quote(origin)}, Host ${quote(host)})`,
      );
  };
}

const hostNameOf = (host: string): string => (hostPattern.test(host) ? bare(host.replace(/:\d+$/, '')) : '');

/** Compares host and port, the scheme's default port left out on both sides; `null` origins match nothing. */
function isSameHost(origin: string, host: string): boolean {
  const from = URL.parse(origin);
  if (from === null || from.host === '' || !hostPattern.test(host)) return false;
  return from.host === URL.parse(`${from.protocol}//${host}`)?.host;
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 120));
