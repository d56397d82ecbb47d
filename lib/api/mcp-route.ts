import { answer } from './answer.ts';
import type { McpEndpoint } from './api-options.ts';
import { readJsonBody } from './read-body.ts';
import type { Routes } from './route.ts';

/** The MCP server: same guard, owner and limits as every route. It is made by the first request, so that nobody else waits for its library. */
export const mcpRoutes: Routes = (options) => {
  const { mcp } = options;
  if (mcp === undefined) return [];
  let endpoint: Promise<McpEndpoint> | undefined;
  return [
    {
      method: 'POST',
      path: '/mcp',
      run: async ({ request, request_id, owner }) => {
        const body = await readJsonBody(request);
        endpoint ??= mcp(options);
        const given = await (await endpoint)({ headers: request.headers, body, owner, request_id });
        // Read to its end: what is held is held before the first byte, so that any host can serve it.
        return answer({ request_id }, await given.text(), given.status, Object.fromEntries(given.headers));
      },
    },
  ];
};
