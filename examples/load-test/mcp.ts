import {
  type CallToolResult,
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  McpServer,
  originValidationResponse,
} from '@modelcontextprotocol/server';
import { ToolRefusal } from './bench.ts';
import { type ToolWorld, tools } from './tools.ts';

/** Answers one HTTP request to `/mcp`. */
export type McpFace = (request: Request) => Promise<Response>;

/** The MCP face of the service (Streamable HTTP, no sessions, clients of 2025 and 2026). `open`: no token guards it, so that only this machine may ask. */
export function createMcpFace(world: Omit<ToolWorld, 'origin'>, { open, maxBodyBytes }: Guarded): McpFace {
  const handler = createMcpHandler(
    ({ requestInfo }) => serverFor({ ...world, origin: new URL(requestInfo?.url ?? 'http://localhost').origin }),
    { legacy: 'stateless', maxRequestBodySize: maxBodyBytes, maxSubscriptions: 0 },
  );
  return async (request) => (open ? refusalOfStrangers(request) : undefined) ?? (await handler.fetch(request));
}
type Guarded = { open: boolean; maxBodyBytes: number };

/** A page of another site must not reach us through somebody's browser. */
const refusalOfStrangers = (request: Request): Response | undefined =>
  hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
  originValidationResponse(request, localhostAllowedOrigins());

function serverFor(world: ToolWorld): McpServer {
  const server = new McpServer({ name: 'load-test', title: 'Example load tests', version: '1' });
  for (const [name, { description, input, reads, run }] of Object.entries(tools))
    server.registerTool(
      name,
      { description, inputSchema: input, annotations: { readOnlyHint: reads } },
      (given): CallToolResult => {
        try {
          // Read by its own schema already, which `tool` ties to what `run` takes.
          return said(run(given as never, world));
        } catch (error) {
          if (error instanceof ToolRefusal) return { isError: true, content: [{ type: 'text', text: error.message }] };
          throw error;
        }
      },
    );
  return server;
}

/** JSON as text, and an object as structured content too: clients differ in which they read. */
function said(value: unknown): CallToolResult {
  const content: CallToolResult['content'] = [{ type: 'text', text: JSON.stringify(value) }];
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return { content };
  return { content, structuredContent: { ...value } };
}
