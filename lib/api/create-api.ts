import { OpenAPIHono } from '@hono/zod-openapi';
import { admit } from './admit.ts';
import { answerErrors, answerNoRoute } from './answer-errors.ts';
import type { ApiEnv, ApiOptions } from './api-options.ts';
import { addJobRoutes } from './job-routes.ts';
import { addMcpRoute } from './mcp-route.ts';
import { addOpenApi } from './open-api.ts';
import { refuseParameters } from './refuse-parameters.ts';
import { addServerRoutes } from './server-routes.ts';

/** The HTTP API over flow. The same app is served by the embedded engine and by Lambda: it needs nothing but `fetch`. */
export function createApi(options: ApiOptions): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseParameters });
  app.use(admit(options));
  addJobRoutes(app, options);
  addServerRoutes(app, options);
  addMcpRoute(app, options);
  addOpenApi(app, options);
  app.onError(answerErrors(options));
  app.notFound(answerNoRoute(app.routes.filter(({ method }) => method !== 'ALL')));
  return app;
}
