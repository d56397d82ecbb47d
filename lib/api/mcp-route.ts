import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ApiEnv, ApiOptions } from './api-options.ts';
import type { McpEndpoint } from './mcp-server.ts';
import { readJsonBody } from './read-body.ts';

/** Where MCP clients connect. */
export const mcpPath = '/mcp';

/** Adds the MCP server: same guard, owner and limits as every route. Its library is loaded by the first request, so that nobody else waits for it. */
export function addMcpRoute(app: OpenAPIHono<ApiEnv>, options: ApiOptions): void {
  let endpoint: Promise<McpEndpoint> | undefined;
  app.post(mcpPath, async (c) => {
    const body = await readJsonBody(c.req);
    endpoint ??= import('./mcp-server.ts').then(({ createMcpEndpoint }) => createMcpEndpoint(options));
    const { owner, request_id } = c.var;
    const answer = await (await endpoint)({ url: c.req.url, headers: c.req.header(), body, owner, request_id });
    // Read to its end: what is held is held before the first byte, so that any host can serve it.
    const text = await answer.text();
    const status = answer.status as ContentfulStatusCode; // 202 has a text too, an empty one
    return c.body(text, status, Object.fromEntries(answer.headers));
  });
}
