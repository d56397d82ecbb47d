import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Invoked } from './lambda-environment.ts';

export type Answer = { status: number; headers: OutgoingHttpHeaders; body: string | Buffer };
/** A request that has found its route. */
export type Routed = {
  request: IncomingMessage;
  url: URL;
  body: Buffer;
  method: string;
  path: string;
  parameters: Record<string, string>;
  now: Date;
};

const account = '000000000000';

/** An answer of API Gateway itself. */
export const message = (status: number, text: string, headers: OutgoingHttpHeaders = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ message: text }),
});

/** What is the same in the events of payload 2.0 for integrations and for authorizers. */
export function requestIn({ request, url, method, path, parameters, now }: Routed) {
  const { cookie, ...headers } = request.headers;
  const query: Record<string, string> = {};
  for (const [key, value] of url.searchParams) query[key] = key in query ? `${query[key]},${value}` : value;
  const routeKey = `${method} ${path}`;
  return {
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    ...(cookie === undefined ? {} : { cookies: cookie.split('; ') }),
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)])),
    ...(url.search === '' ? {} : { queryStringParameters: query }),
    ...(path.includes('{')
      ? { pathParameters: Object.fromEntries(Object.entries(parameters).map(([k, v]) => [k, decodeURIComponent(v)])) }
      : {}),
    requestContext: {
      accountId: account,
      apiId: 'local',
      domainName: headers.host ?? '127.0.0.1',
      domainPrefix: 'local',
      http: {
        method: request.method,
        path: url.pathname,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      time: now.toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4 +0000'),
      timeEpoch: now.getTime(),
    },
  };
}

/** The event of an integration; `authorizer` is what is known of the caller. */
export function eventOf(routed: Routed, authorizer: object | null): object {
  const { requestContext, ...rest } = requestIn(routed);
  const { body } = routed;
  const isText = /^(text\/|application\/(.*\+)?(json|xml|x-www-form-urlencoded|javascript))/.test(
    routed.request.headers['content-type'] ?? 'text/',
  );
  return {
    ...rest,
    requestContext: { ...requestContext, ...(authorizer === null ? {} : { authorizer }) },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** What a signed request says of its caller. */
export const iamCaller = (userArn: string): object => ({
  iam: {
    accessKey: 'AKIATEST',
    accountId: account,
    callerId: 'AIDATEST',
    cognitoIdentity: null,
    principalOrgId: null,
    userArn,
    userId: 'AIDATEST',
  },
});

/** What a function returns without a status is the body, as JSON. */
export function answerOf({ payload, function_error }: Invoked): Answer {
  if (function_error !== null)
    return Object(payload).errorType === 'Sandbox.Timedout'
      ? message(503, 'Service Unavailable')
      : message(500, 'Internal Server Error');
  const { statusCode, headers = {}, cookies, body = '', isBase64Encoded } = Object(payload);
  if (statusCode === undefined)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) };
  return {
    status: Number(statusCode),
    headers: { ...headers, ...(Array.isArray(cookies) && cookies.length > 0 ? { 'set-cookie': cookies } : {}) },
    body: isBase64Encoded === true ? Buffer.from(body, 'base64') : String(body),
  };
}
