import { startAuthorizationServer } from './authorization-server.ts';
import { answer, startFaultServer } from './fault-server.ts';
import { octoperfServer } from './octoperf-server.ts';

/** One call of a tool, before anything was done about it. */
export type ToolCall = {
  tool: string;
  /** The access token it came with. */
  token: string;
  /** Of the JSON-RPC request. */
  id: unknown;
  serve: () => Promise<Response>;
  octoperf: GuardedOctoperf;
};
/** Answers a call instead of OctoPerf. */
export type McpFault = (call: ToolCall) => Response | Promise<Response>;
export type GuardedOctoperf = Awaited<ReturnType<typeof guardedOctoperf>>;
export type GuardedOptions = { now: () => number; sessions?: boolean; expires_in?: number };

const metadata = '/.well-known/oauth-protected-resource/mcp';

/**
 * OctoPerf behind the official MCP server, an authorization server that it takes tokens from, and a layer of faults; and a
 * foreign host, which nobody has any business with. All on loopback, every request is kept. Close it.
 */
export async function guardedOctoperf({ now, sessions = false, expires_in = 3600 }: GuardedOptions) {
  const authorization = await startAuthorizationServer({ now, expires_in });
  const foreign = await startFaultServer(() => answer(200, '{}'));
  const requests: string[] = [];
  let met = 0;
  let faulty: { tool: string; fault: McpFault; times: number } | undefined;
  const server = await octoperfServer(
    (request, body, serve) => {
      const { origin, pathname } = new URL(request.url);
      if (pathname === metadata)
        return Response.json({ resource: `${origin}/mcp`, authorization_servers: [authorization.issuer] });
      const { id, method, params } = JSON.parse(body === '' ? '{}' : body);
      const tool: string | undefined = method === 'tools/call' ? params.name : undefined;
      const token = (request.headers.get('authorization') ?? '').replace('Bearer ', '');
      const welcome = authorization.accepts(token);
      requests.push(`${welcome ? '' : '401 '}${tool ?? method}`);
      if (!welcome) return challenge(origin);
      if (tool === undefined || faulty?.tool !== tool || faulty.times <= 0) return undefined;
      faulty.times -= 1;
      met += 1;
      return faulty.fault({ tool, token, id, serve, octoperf });
    },
    { sessions },
  );
  const octoperf = {
    ...server,
    authorization,
    foreign,
    /** Calls of tools by their names, other requests by their methods, in order; `401 ` before those without a good token. */
    requests,
    /** How often a tool was called with a good token. */
    posts: (tool: string): number => requests.filter((one) => one === tool).length,
    /** The next `times` calls of a tool meet a fault. */
    fail: (tool: string, fault: McpFault, times = Number.POSITIVE_INFINITY): void => {
      faulty = { tool, fault, times };
    },
    /** How many calls met one. */
    met: (): number => met,
    close: async (): Promise<void> => {
      await Promise.all([server.close(), authorization.close(), foreign.close()]);
    },
  };
  return octoperf;
}

const challenge = (origin: string): Response =>
  new Response(null, {
    status: 401,
    headers: { 'www-authenticate': `Bearer error="invalid_token", resource_metadata="${origin}${metadata}"` },
  });
