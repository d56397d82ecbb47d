import { Hono } from 'hono';
import type { AddRoutes } from './add-route.ts';
import { admit } from './admit.ts';
import { answerErrors, answerNoRoute } from './answer-errors.ts';
import type { ApiEnv, ApiOptions } from './api-options.ts';

/**
 * The HTTP API over flow, with the routes that are asked for: a server takes `allRoutes`, a function its own, so that it
 * loads nothing else. The app needs nothing but `fetch`.
 */
export function createApi(options: ApiOptions, routes: readonly AddRoutes[]): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.use(admit(options));
  for (const add of routes) add(app, options);
  app.onError(answerErrors(options));
  app.notFound(answerNoRoute(app.routes.filter(({ method }) => method !== 'ALL')));
  return app;
}
