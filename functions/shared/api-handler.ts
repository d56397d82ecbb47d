import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { ApiAnswer } from '../../lib/api/answer.ts';
import type { ApiOptions } from '../../lib/api/api-options.ts';
import type { ApiRequest } from '../../lib/api/api-request.ts';
import { createApi } from '../../lib/api/create-api.ts';
import type { Routes } from '../../lib/api/route.ts';
import type { Ports, Settings } from '../../lib/ports.ts';
import type { Log } from './log.ts';
import { type OwnerRule, ownerOfEvent } from './owner-of-event.ts';

/** What every function behind the API is given beside its ports. */
export type ApiPlug = OwnerRule & { settings: Settings; version: string; log: Log };

/** Payload 2.0 of an HTTP API, as far as it is read. */
export type ApiEvent = Pick<
  APIGatewayProxyEventV2,
  'rawPath' | 'rawQueryString' | 'headers' | 'body' | 'isBase64Encoded'
> & { requestContext: { domainName: string; http: { method: string }; authorizer?: unknown } };
/** What API Gateway is answered. */
export type ApiResult = { statusCode: number; headers: ApiAnswer['headers']; body: string; isBase64Encoded: false };
export type ApiHandler = (event: ApiEvent) => Promise<ApiResult>;

/** The HTTP API as a function, with the routes that API Gateway brings it. */
export function createApiHandler(
  ports: Ports,
  { settings, version, log, ...rule }: ApiPlug,
  { routes, ...more }: Pick<ApiOptions, 'mcp' | 'doctor' | 'longest_wait_seconds'> & { routes: readonly Routes[] },
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
  const api = createApi(options, routes);
  return async (event) => {
    const { status, headers, text } = await api(requestIn(event));
    return { statusCode: status, headers, body: text ?? '', isBase64Encoded: false };
  };
}

/** API Gateway has names of headers in lower case, repeated ones joined, and holds the whole body. */
function requestIn({ rawPath, rawQueryString, headers, body, isBase64Encoded, requestContext }: ApiEvent): ApiRequest {
  const { domainName, http, authorizer } = requestContext;
  return {
    method: http.method,
    path: rawPath,
    query: rawQueryString,
    host: headers['host'] ?? domainName,
    headers,
    authorizer,
    bytes: async (most_bytes) => {
      const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
      return bytes.byteLength > most_bytes ? undefined : bytes;
    },
  };
}

/** Stands for a port that a function has no right to: using it is a fault of ours. */
export function outOfReach<Port extends object>(what: string): Port {
  const refuse = (_: object, name: string | symbol) => {
    throw new Error(`this function may not touch ${what} (${String(name)})`);
  };
  // Nothing of the port is there to be used.
  return new Proxy<Port>({} as Port, { get: refuse });
}
