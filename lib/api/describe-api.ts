import type { ApiOptions } from './api-options.ts';
import { describeOperation } from './describe-operation.ts';
import { jsonSchemas } from './json-schemas.ts';
import { doctor, health, type Operation, operations } from './operations.ts';

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

/** The OpenAPI 3.1 document: every operation that is served, and the schemas of all bodies. Its module waits for the first reader, because zod comes with it. */
export function describeApi(options: ApiOptions): object {
  const { engine, version, settings } = options;
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations.filter((one) => isServed(one, options))) {
    paths[operation.path] ??= {};
    const open = operation === health && options.open_health === true;
    Object.assign(paths[operation.path] ?? {}, { [operation.method]: describeOperation(operation, { open }) });
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'untildone',
      version,
      description:
        'Hand a long-running job over once; it is checked until it is done, and you are told what happened, once.',
    },
    servers: [{ url: settings.address.base_url }],
    security: Object.keys(schemes[engine]).map((name) => ({ [name]: [] })),
    components: { schemas: jsonSchemas(), securitySchemes: schemes[engine], parameters: {} },
    paths,
    webhooks: {},
  };
}

/** On AWS another function serves it than the one that describes it. */
const isServed = (operation: Operation, { engine, doctor: look }: ApiOptions): boolean =>
  operation !== doctor || engine === 'aws' || look !== undefined;
