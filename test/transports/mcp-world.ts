import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import {
  type CallToolResult,
  createMcpHandler,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Connection } from '../../lib/core/configuration.ts';
import type { Answer, Fault } from '../../lib/ports.ts';
import { createMcpTransport, type McpLimits } from '../../lib/transports/mcp-transport.ts';
import type { Resolve } from '../../lib/transports/safe-connect.ts';
import { createUndiciDispatchers } from '../../lib/transports/undici-dispatchers.ts';

export type Tool = (args: Record<string, unknown>) => CallToolResult;
/** Answers before the MCP server does; undefined lets it, and `serve` is what it would answer. */
export type Before = (
  request: Request,
  body: string,
  serve: () => Promise<Response>,
) => Response | undefined | Promise<Response | undefined>;

/** Instead of an answer: the connection is closed. */
export const brokenOff = new Response();

/** Tools a page of `tools/list`. */
const pageSize = 3;

/** The official server on loopback with these tools; every request is kept. `sessions`: of 2025, with sessions that it can lose. Close it. */
export async function toolServer(
  tools: Record<string, Tool>,
  before: Before = () => undefined,
  { sessions = false }: { sessions?: boolean } = {},
) {
  const newServer = (): Server => {
    const server = new Server({ name: 'remote', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', ({ params }) => {
      const names = Object.keys(tools);
      const from = Number(params?.cursor ?? 0);
      const page = names
        .slice(from, from + pageSize)
        .map((name) => ({ name, inputSchema: { type: 'object' as const } }));
      return { tools: page, ...(from + pageSize < names.length ? { nextCursor: String(from + pageSize) } : {}) };
    });
    server.setRequestHandler('tools/call', ({ params }) => {
      const tool = tools[params.name];
      if (tool === undefined) throw new Error(`no tool ${params.name}`);
      return tool(params.arguments ?? {});
    });
    return server;
  };
  const live = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const answer = sessions ? inSessions(newServer, live) : createMcpHandler(newServer).fetch;
  const seen: string[] = [];
  let refuses = false;
  const server = createServer(
    getRequestListener(async (request, { outgoing }) => {
      if (refuses) return new Response('the server is being restarted', { status: 503 });
      const body = await request.text();
      const method: unknown = body === '' ? '' : JSON.parse(body).method;
      seen.push(`${request.method} ${method}`);
      const { method: verb, headers, url } = request;
      const serve = () => answer(new Request(url, { method: verb, headers, ...(body === '' ? {} : { body }) }));
      const answered = (await before(request, body, serve)) ?? (await serve());
      if (answered !== brokenOff) return answered;
      outgoing.destroy();
      return RESPONSE_ALREADY_SENT;
    }),
  );
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return {
    url,
    seen,
    connections: () => connections,
    loseSessions: (): void => live.clear(),
    /** While it refuses, every request is answered with 503. */
    refuse: (whether: boolean): void => {
      refuses = whether;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A transport of the official server for each session; one that it does not know is answered with 404. */
function inSessions(newServer: () => Server, live: Map<string, WebStandardStreamableHTTPServerTransport>) {
  return async (request: Request): Promise<Response> => {
    const known = request.headers.get('mcp-session-id');
    if (known !== null) return live.get(known)?.handleRequest(request) ?? new Response('no session', { status: 404 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: true,
      onsessioninitialized: (id) => void live.set(id, transport),
    });
    await newServer().connect(transport);
    return transport.handleRequest(request);
  };
}

/** `host`: the name the connection has for the server, found by `resolve`. */
type Options = {
  connection?: Partial<Connection>;
  limits?: Partial<McpLimits>;
  secrets?: string[];
  host?: string;
  resolve?: Resolve;
};

/** A transport with one connection, `tools`, to a tool server. Close it. */
export async function mcpWorld(tools: Record<string, Tool>, before?: Before, options: Options = {}) {
  const server = await toolServer(tools, before);
  const connection: Connection = {
    transport: 'mcp',
    url: options.host === undefined ? server.url : server.url.replace('127.0.0.1', options.host),
    auth: { type: 'none' },
    allow_http: true,
    allow_private_network: true,
    ...options.connection,
  };
  let reads = 0;
  const secrets = options.secrets ?? ['top-secret-token'];
  const transport = createMcpTransport({
    openDispatchers: createUndiciDispatchers,
    connections: new Map([['tools', connection]]),
    secrets: { resolve: async () => secrets[Math.min(reads++, secrets.length - 1)] ?? '' },
    clock: { now: Date.now },
    limits: { call_ms: 4_000, ...options.limits },
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
  });
  return {
    ...server,
    connection,
    transport,
    call: (tool: string, args?: Record<string, string>): Promise<Answer | Fault> =>
      transport.call({
        connection: 'tools',
        call: { tool, ...(args === undefined ? {} : { arguments: args }) },
        budget_ms: 10_000,
        redirects_as_answers: [],
      }),
    /** Calls a starter. */
    start: (tool: string): Promise<Answer | Fault> =>
      transport.call({ connection: 'tools', call: { tool }, budget_ms: 10_000, redirects_as_answers: [], once: true }),
    probe: () => transport.probe({ connection: 'tools', budget_ms: 10_000 }),
    close: async () => {
      await transport.close();
      await server.close();
    },
  };
}
