import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Route } from './described-cloud.ts';
import type { Invoked } from './lambda-environment.ts';

export type HttpFrontOptions = {
  invoke: (function_name: string, event: unknown) => Promise<Invoked>;
  /** The ARN of the caller whose signature every request is taken to bear. */
  caller_arn?: string;
  port?: number;
  now?: () => number;
};
export type HttpFront = {
  url: string;
  /** From now on these routes are answered. */
  serve: (routes: Route[]) => void;
  close: () => Promise<void>;
};
type Answer = { status: number; headers: OutgoingHttpHeaders; body: string | Buffer };

const account = '000000000000';
/** API Gateway's own limit for a request's body. */
const maxBodyBytes = 10 * 1024 * 1024;

/** An HTTP API on loopback: requests become events of payload 2.0, and what functions return becomes responses. Signatures are not checked: everybody is the one caller. */
export async function startHttpFront(options: HttpFrontOptions): Promise<HttpFront> {
  const { invoke, caller_arn = `arn:aws:iam::${account}:user/tester`, now = Date.now } = options;
  let routes: Served[] = [];

  async function answer(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const found = routes
      .filter(({ method }) => method === 'ANY' || method === request.method)
      .flatMap((route) => {
        const match = route.pattern.exec(url.pathname);
        return match === null ? [] : [{ route, parameters: { ...match.groups } }];
      })
      .sort((a, b) => a.route.parameters - b.route.parameters)[0];
    if (found === undefined) return message(404, 'Not Found');
    if (body.length > maxBodyBytes) return message(413, 'Request Entity Too Large');
    const event = eventOf(request, url, body, { ...found, userArn: caller_arn, now: new Date(now()) });
    return answerOf(await invoke(found.route.function_name, event));
  }

  const server = createServer(async (request, response) => {
    const { status, headers, body } = await answer(request).catch(({ name }: Error) =>
      name === 'TooManyRequestsException' ? message(503, 'Service Unavailable') : message(500, 'Internal Server Error'),
    );
    response.writeHead(status, headers).end(body);
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has no other kind
  return {
    url: `http://127.0.0.1:${port}`,
    serve: (described) => {
      routes = described.map(served);
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

type Served = Route & { pattern: RegExp; parameters: number };

/** `{id}` stands for one segment, `{rest+}` for all that follow. */
function served(route: Route): Served {
  const parts = route.path.split(/(\{[^}]+\})/);
  const pattern = parts.map((part) => {
    const [, name, plus] = /^\{(\w+)(\+?)\}$/.exec(part) ?? [];
    if (name === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return plus === '+' ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`;
  });
  return { ...route, pattern: new RegExp(`^${pattern.join('')}$`), parameters: (parts.length - 1) / 2 };
}

function eventOf(
  request: IncomingMessage,
  url: URL,
  body: Buffer,
  of: { route: Served; parameters: Record<string, string>; userArn: string; now: Date },
): object {
  const { route, parameters, userArn, now } = of;
  const { cookie, ...headers } = request.headers;
  const query: Record<string, string> = {};
  for (const [key, value] of url.searchParams) query[key] = key in query ? `${query[key]},${value}` : value;
  const isText = /^(text\/|application\/(.*\+)?(json|xml|x-www-form-urlencoded|javascript))/.test(
    headers['content-type'] ?? 'text/',
  );
  const iam = { accessKey: 'AKIATEST', accountId: account, callerId: 'AIDATEST', cognitoIdentity: null };
  const routeKey = `${route.method} ${route.path}`;
  return {
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    ...(cookie === undefined ? {} : { cookies: cookie.split('; ') }),
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)])),
    ...(url.search === '' ? {} : { queryStringParameters: query }),
    ...(route.parameters === 0
      ? {}
      : { pathParameters: Object.fromEntries(Object.entries(parameters).map(([k, v]) => [k, decodeURIComponent(v)])) }),
    requestContext: {
      accountId: account,
      apiId: 'local',
      ...(route.authorization === 'AWS_IAM'
        ? { authorizer: { iam: { ...iam, principalOrgId: null, userArn, userId: 'AIDATEST' } } }
        : {}),
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
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** What a function returns without a status is the body, as JSON. */
function answerOf({ payload, function_error }: Invoked): Answer {
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

const message = (status: number, text: string): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message: text }),
});
