import { handle } from 'hono/aws-lambda';
import type { AddRoutes } from '../../lib/api/add-route.ts';
import type { ApiOptions } from '../../lib/api/api-options.ts';
import { createApi } from '../../lib/api/create-api.ts';
import type { Ports, Settings } from '../../lib/ports.ts';
import type { Log } from './log.ts';
import { type OwnerRule, ownerOfEvent } from './owner-of-event.ts';

/** What every function behind the API is given beside its ports. */
export type ApiPlug = OwnerRule & { settings: Settings; version: string; log: Log };

type Served = ReturnType<typeof handle>;
/** Payload 2.0 of an HTTP API. */
export type ApiEvent = Extract<Parameters<Served>[0], { rawPath: string }>;
export type ApiHandler = (event: ApiEvent) => ReturnType<Served>;

/** The HTTP API as a function, with the routes that API Gateway brings it. */
export function createApiHandler(
  ports: Ports,
  { settings, version, log, ...rule }: ApiPlug,
  { routes, ...more }: Pick<ApiOptions, 'mcp' | 'doctor' | 'longest_wait_seconds'> & { routes: readonly AddRoutes[] },
): ApiHandler {
  const options: ApiOptions = {
    ports,
    settings,
    engine: 'aws',
    ...more,
    version,
    ownerOf: ownerOfEvent(rule),
    log: (message, { error, request_id, method, path }) =>
      log.error(message, { job_id: /job_[0-9a-z]{26}/.exec(path)?.[0] ?? null, request_id, method, path, error }),
  };
  return handle(createApi(options, routes));
}

/** Stands for a port that a function has no right to: using it is a fault of ours. */
export function outOfReach<Port extends object>(what: string): Port {
  const refuse = (_: object, name: string | symbol) => {
    throw new Error(`this function may not touch ${what} (${String(name)})`);
  };
  // Nothing of the port is there to be used.
  return new Proxy<Port>({} as Port, { get: refuse });
}
