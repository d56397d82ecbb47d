import { addStartRoute } from '../../lib/api/start-route.ts';
import type { Ports } from '../../lib/ports.ts';
import { type ApiHandler, type ApiPlug, createApiHandler } from '../shared/api-handler.ts';

/** `POST /v1/jobs`: takes a job over. The one request that needs the whole outside world. */
export const createStartHandler = (ports: Ports, plug: ApiPlug): ApiHandler =>
  createApiHandler(ports, plug, { routes: [addStartRoute] });
