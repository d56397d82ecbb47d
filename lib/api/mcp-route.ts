import type { AddRoutes } from './add-route.ts';
import { answer } from './answer.ts';
import type { McpEndpoint } from './api-options.ts';
import { readJsonBody } from './read-body.ts';

/** Adds the MCP server: same guard, owner and limits as every route. It is made by the first request, so that nobody else waits for its library. */
export const addMcpRoute: AddRoutes = (app, options) => {
  const { mcp } = options;
  if (mcp === undefined) return;
  let endpoint: Promise<McpEndpoint> | undefined;
  app.post('/mcp', async (c) => {
    const body = await readJsonBody(c.req);
    endpoint ??= mcp(options);
    const { owner, request_id } = c.var;
    const given = await (await endpoint)({ url: c.req.url, headers: c.req.header(), body, owner, request_id });
    // Read to its end: what is held is held before the first byte, so that any host can serve it.
    return answer(c, await given.text(), given.status, Object.fromEntries(given.headers));
  });
};
