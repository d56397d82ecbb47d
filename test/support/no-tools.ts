import type { McpCall } from '../../lib/core/kind.ts';
import type { Transport } from '../../lib/ports.ts';

/** Stands for MCP where no job of the test calls a tool. */
export const noTools: Transport<McpCall> = {
  call: ({ call }) => Promise.reject(new Error(`nobody plays the tool ${call.tool} here`)),
};
