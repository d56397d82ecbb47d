import type { Context, Hono } from 'hono';
import type { ApiEnv, ApiOptions } from './api-options.ts';
import type { Operation } from './operations.ts';
import { noParameters, type Parameters } from './parameters.ts';
import { readHeaders, readQuery, type Values } from './read-parameters.ts';

/** Adds routes to an app; a function adds those that API Gateway brings it, a server all of them. */
export type AddRoutes = (app: Hono<ApiEnv>, options: ApiOptions) => void;

/** What a route is given: query and headers by the names of its operation, read. */
type Given<One extends Operation> = {
  query: Values<One['query']>;
  headers: Values<One extends { headers: Parameters } ? One['headers'] : typeof noParameters>;
};

/** Serves an operation: its parameters are read before `run` has its turn. */
export function addRoute<const One extends Operation>(
  app: Hono<ApiEnv>,
  operation: One,
  run: (c: Context<ApiEnv>, given: Given<One>) => Response | Promise<Response>,
): void {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
  app.on(operation.method.toUpperCase(), path, (c) => {
    const query = readQuery(c, operation.query);
    const headers = readHeaders(c, operation.headers ?? noParameters);
    return run(c, { query, headers } as Given<One>); // read by the very parameters that its type comes from
  });
}
