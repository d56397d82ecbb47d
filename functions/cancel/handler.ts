import { cancelRoutes } from '../../lib/api/cancel-route.ts';
import type { Ports } from '../../lib/ports.ts';
import { type ApiHandler, type ApiPlug, createApiHandler, outOfReach } from '../shared/api-handler.ts';

/** Everything but the remote systems: only a job's tick calls those. */
export type CancelPorts = Omit<Ports, 'transports'>;

/** `POST /v1/jobs/{id}/cancel`: writes the wish down and wakes the job. */
export const createCancelHandler = (ports: CancelPorts, plug: ApiPlug): ApiHandler =>
  createApiHandler({ ...ports, transports: outOfReach('remote systems') }, plug, { routes: [cancelRoutes] });
