import { cancelRoutes } from './cancel-route.ts';
import { doctorRoutes } from './doctor-route.ts';
import { mcpRoutes } from './mcp-route.ts';
import { readRoutes } from './read-routes.ts';
import type { Routes } from './route.ts';
import { serverRoutes } from './server-routes.ts';
import { startRoutes } from './start-route.ts';

/** Every route there is: what one server serves, and the functions of a deployment together. */
export const allRoutes: readonly Routes[] = [
  startRoutes,
  readRoutes,
  cancelRoutes,
  serverRoutes,
  doctorRoutes,
  mcpRoutes,
];
