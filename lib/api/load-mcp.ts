import type { ApiOptions, McpEndpoint } from './api-options.ts';

/** Loads the MCP server with its library. */
export const loadMcp = (options: ApiOptions): Promise<McpEndpoint> =>
  import('./mcp-server.ts').then(({ createMcpEndpoint }) => createMcpEndpoint(options));
