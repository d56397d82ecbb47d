import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { answerJson } from './answer-json.ts';
import type { ApiEnv, ApiOptions } from './api-options.ts';
import { answer, answersOf } from './describe-route.ts';
import { jsonSchemas } from './json-schemas.ts';
import { noQuery } from './request-schemas.ts';

const document = createRoute({
  method: 'get',
  path: '/v1/openapi.json',
  operationId: 'openApi',
  tags: ['server'],
  summary: 'Read this description',
  request: { query: noQuery },
  responses: answersOf({ 200: answer('OpenAPI 3.1.', 'OpenApiDocument') }),
});

const schemes = {
  embedded: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description: 'The token the server was started with; none on loopback without one.',
    },
  },
  aws: {
    sigv4: {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: 'AWS Signature Version 4, service `execute-api`.',
    },
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description: 'Where the deployment was given a JWT or token authorizer.',
    },
  },
} as const;

/** Adds `/v1/openapi.json`: every route of the app from its own schemas, made once, when first asked for. */
export function addOpenApi(app: OpenAPIHono<ApiEnv>, { engine, version, settings }: ApiOptions): void {
  let made: unknown;
  app.openapi(document, (c) => {
    made ??= describe();
    return answerJson(c, made);
  });

  function describe(): unknown {
    for (const [name, schema] of Object.entries(jsonSchemas()))
      app.openAPIRegistry.registerComponent('schemas', name, schema);
    for (const [name, scheme] of Object.entries(schemes[engine]))
      app.openAPIRegistry.registerComponent('securitySchemes', name, scheme);
    return app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'untildone',
        version,
        description:
          'Hand a long-running job over once; it is checked until it is done, and you are told what happened, once.',
      },
      servers: [{ url: settings.address.base_url }],
      security: Object.keys(schemes[engine]).map((name) => ({ [name]: [] })),
    });
  }
}
