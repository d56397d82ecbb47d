import { loadMcp } from '../../lib/api/load-mcp.ts';
import { addMcpRoute } from '../../lib/api/mcp-route.ts';
import type { Ports } from '../../lib/ports.ts';
import { type ApiHandler, type ApiPlug, createApiHandler } from '../shared/api-handler.ts';

/** `/mcp`: every tool behind one address, so that it needs what starting, reading and cancelling need together. */
export const createMcpHandler = (ports: Ports, plug: ApiPlug): ApiHandler =>
  createApiHandler(ports, plug, { mcp: loadMcp, routes: [addMcpRoute] });
