import type { Kind } from '../core/kind.ts';

/** Any job behind the tools of an MCP server, whose request says which tools start, look at and cancel it, and which answers are terminal. */
export const mcpTool: Kind = {
  name: 'mcp-tool',
  description: 'Any job behind MCP tools: the request carries its tool calls and acceptors.',
  transport: 'mcp',
  carries_calls: true,
};
