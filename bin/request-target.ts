/** Where a request goes; see ApiRequest. */
export type Target = { path: string; query: string; host: string };

/** Paths in which nothing is to be put straight: no dots at the beginning of a part, no escapes, nothing foreign. */
const plainPath = /^(?:\/[\w~-][\w.~-]*)+$/;

/**
 * Reads the target of a request's first line and its `Host`: a path with or without a query, or the whole address, as proxies
 * send it. Dots in a path are followed. Undefined where the two make no address.
 */
export function createReadTarget(): (target: string, host: string | undefined) => Target | undefined {
  // Nearly every request names the same host.
  let good: string | undefined;
  return (target, host) => {
    if (host !== undefined && host === good) {
      const mark = target.indexOf('?');
      const path = mark === -1 ? target : target.slice(0, mark);
      const query = mark === -1 ? '' : target.slice(mark + 1);
      if (plainPath.test(path) && !query.includes('#')) return { path, query, host };
    }
    const read = readAddress(target, host);
    if (read !== undefined && target.startsWith('/')) good = host;
    return read;
  };
}

function readAddress(target: string, host: string | undefined): Target | undefined {
  // A web address takes it for a slash; nobody who sends it means one.
  if (target.split('?', 1)[0]?.includes('\\')) return undefined;
  const whole = /^https?:\/\//.test(target);
  if (!whole && (!target.startsWith('/') || !host)) return undefined;
  const address = URL.parse(whole ? target : `http://${host}${target}`);
  if (address === null) return undefined;
  const { pathname, search, hostname } = address;
  if (!whole && hostname !== host?.replace(/:\d+$/, '').toLowerCase()) return undefined;
  return { path: pathname, query: search.slice(1), host: host ?? address.host };
}
