import type { Context } from './context.ts';

const loopback = /^(localhost|127\..*|\[::1\])$/;
/** What the runtime's own fetch gives a connection, ms. */
const usual_ms = 10_000;

/**
 * The fetch that calls go through: the runtime's own, unless a proxy stands in the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; this
 * machine is never reached through one) or connections are given another time. Then undici's, loaded only for that.
 */
export async function wayOut({ env, endpoint }: Pick<Context, 'env' | 'endpoint'>): Promise<typeof fetch> {
  const proxied = loopback.test(new URL(endpoint.url).hostname) ? undefined : proxiesIn(env);
  const { connect_timeout_ms: timeout } = endpoint;
  if (proxied === undefined && timeout === usual_ms) return fetch;
  const { Agent, EnvHttpProxyAgent, fetch: called } = await import('undici');
  const dispatcher =
    proxied === undefined
      ? new Agent({ connect: { timeout } })
      : new EnvHttpProxyAgent({ ...proxied, connect: { timeout } });
  const through = (url: string, init: object): unknown => called(url, { ...init, dispatcher });
  // The same function by its specification; the types of the two libraries differ in names only.
  return through as typeof fetch;
}

function proxiesIn(env: NodeJS.ProcessEnv): { httpProxy: string; httpsProxy: string; noProxy: string } | undefined {
  const either = (name: string): string => env[name.toLowerCase()] || env[name] || '';
  const httpProxy = either('HTTP_PROXY');
  const httpsProxy = either('HTTPS_PROXY') || httpProxy;
  return httpProxy === '' && httpsProxy === '' ? undefined : { httpProxy, httpsProxy, noProxy: either('NO_PROXY') };
}
