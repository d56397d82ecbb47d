import type { ApiOptions } from '../../lib/api/api-options.ts';
import { doctorRoutes } from '../../lib/api/doctor-route.ts';
import { startRoutes } from '../../lib/api/start-route.ts';
import type { Ports } from '../../lib/ports.ts';
import { type ApiHandler, type ApiPlug, createApiHandler } from '../shared/api-handler.ts';

/** `POST /v1/jobs`: takes a job over. The one request that needs the whole outside world, so that `POST /v1/doctor`, which looks at it, is served here too. */
export const createStartHandler = (
  ports: Ports,
  { doctor, ...plug }: ApiPlug & Required<Pick<ApiOptions, 'doctor'>>,
): ApiHandler => createApiHandler(ports, plug, { routes: [startRoutes, doctorRoutes], doctor });
