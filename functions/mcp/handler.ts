import { loadMcp } from '../../lib/api/load-mcp.ts';
import { mcpRoutes } from '../../lib/api/mcp-route.ts';
import type { Ports } from '../../lib/ports.ts';
import { type ApiHandler, type ApiPlug, createApiHandler } from '../shared/api-handler.ts';

/** `/mcp`: every tool behind one address, so that it needs what starting, reading and cancelling need together. `long_poll_seconds` is the most that an answer is held, 0–25. */
export const createMcpHandler = (
  ports: Ports,
  { long_poll_seconds, ...plug }: ApiPlug & { long_poll_seconds: number },
): ApiHandler =>
  createApiHandler(ports, plug, { mcp: loadMcp, longest_wait_seconds: long_poll_seconds, routes: [mcpRoutes] });
