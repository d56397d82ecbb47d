import type { AddRoutes } from './add-route.ts';
import { addCancelRoute } from './cancel-route.ts';
import { addDoctorRoute } from './doctor-route.ts';
import { addMcpRoute } from './mcp-route.ts';
import { addReadRoutes } from './read-routes.ts';
import { addServerRoutes } from './server-routes.ts';
import { addStartRoute } from './start-route.ts';

/** Every route there is: what one server serves, and the functions of a deployment together. */
export const allRoutes: readonly AddRoutes[] = [
  addStartRoute,
  addReadRoutes,
  addCancelRoute,
  addServerRoutes,
  addDoctorRoute,
  addMcpRoute,
];
