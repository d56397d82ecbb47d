import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runningTime, type Time } from '../scheduler/time.ts';
import { createAuthorizers } from './authorizers.ts';
import type { DescribedCloud, Route } from './described-cloud.ts';
import { type Answer, answerOf, eventOf, message, type Routed } from './http-event.ts';
import type { Invoked } from './lambda-environment.ts';

export type HttpFrontOptions = {
  invoke: (function_name: string, event: unknown) => Promise<Invoked>;
  /** The ARN of the caller whose signature every request is taken to bear. */
  caller_arn?: string;
  /** Where an issuer's address is served on this machine. */
  reach?: (url: string) => string;
  port?: number;
  /** Limits and throttles go by it; real time unless given. */
  time?: Time;
};
/** What of a template an HTTP API is made of. */
export type DescribedApi = Pick<DescribedCloud, 'routes' | 'authorizers' | 'permissions' | 'throttle'>;
export type HttpFront = {
  url: string;
  /** From now on these routes are answered. */
  serve: (api: DescribedApi) => void;
  close: () => Promise<void>;
};

/** API Gateway's own limit for a request's body. */
const maxBodyBytes = 10 * 1024 * 1024;

/** An HTTP API on loopback: requests become events of payload 2.0, and what functions return becomes responses. */
export async function startHttpFront(options: HttpFrontOptions): Promise<HttpFront> {
  const { invoke, time = runningTime() } = options;
  let answer: (request: IncomingMessage, body: Buffer) => Promise<Answer> = async () => message(404, 'Not Found');

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, headers, body } = await answer(request, Buffer.concat(chunks)).catch(({ name }: Error) =>
      name === 'TooManyRequestsException' ? message(503, 'Service Unavailable') : message(500, 'Internal Server Error'),
    );
    response.writeHead(status, headers).end(body);
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has no other kind
  return {
    url: `http://127.0.0.1:${port}`,
    serve: (api) => {
      answer = createGateway(api, { ...options, invoke, time });
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Routing, throttle, authorizer, integration: in this order, each with API Gateway's own refusal. */
function createGateway(
  { routes: described, authorizers, permissions, throttle }: DescribedApi,
  options: HttpFrontOptions & { time: Time },
): (request: IncomingMessage, body: Buffer) => Promise<Answer> {
  const { time, caller_arn = 'arn:aws:iam::000000000000:user/tester', reach = (url) => url } = options;
  const routes = described.map(served);
  const take = throttle === null ? (): boolean => true : tokenBucket(throttle, time.now);

  /** In API Gateway's name, which the function's own policy must let in. */
  function invoke(function_name: string, source: string, event: unknown): Promise<Invoked> {
    const allowed = permissions.some(
      (one) =>
        one.function_name === function_name &&
        one.principal === 'apigateway.amazonaws.com' &&
        new RegExp(`:[^:/]+/${globbed(one.source_arn)}$`).test(`:api/${source}`),
    );
    if (!allowed) throw new Error(`API Gateway may not invoke ${function_name} for ${source}`);
    return options.invoke(function_name, event);
  }
  const gate = createAuthorizers({
    authorizers,
    caller_arn,
    reach,
    now: time.now,
    invoke: (id, function_name, event) => invoke(function_name, `authorizers/${id}`, event),
  });
  /** Whoever takes longer goes on, and nobody hears of it. */
  const inTime = (limit_ms: number, going: Promise<Invoked>): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const cancel = time.at(time.now() + limit_ms, async () => resolve(message(503, 'Service Unavailable')));
      going.then((invoked) => resolve(answerOf(invoked)), reject).finally(cancel);
    });

  return async (request, body) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const [found] = routes
      .filter(({ method }) => method === 'ANY' || method === request.method)
      .flatMap((route) => {
        const match = route.pattern.exec(url.pathname);
        return match === null ? [] : [{ route, parameters: { ...match.groups } }];
      })
      .sort((a, b) => a.route.parameters - b.route.parameters);
    if (found === undefined) return message(404, 'Not Found');
    if (!take()) return message(429, 'Too Many Requests');
    if (body.length > maxBodyBytes) return message(413, 'Request Entity Too Large');
    const { route, parameters } = found;
    const { method, path, function_name, limit_ms } = route;
    const routed: Routed = { request, url, body, method, path, parameters, now: new Date(time.now()) };
    const admitted = await gate.admit(route, routed);
    if ('refused' in admitted) return admitted.refused;
    return inTime(limit_ms, invoke(function_name, `$default/${method}${path}`, eventOf(routed, admitted.caller)));
  };
}

/** The best effort of API Gateway, taken at its word: so many at once, refilled at the rate. */
function tokenBucket(
  { rate_per_second, burst }: NonNullable<DescribedCloud['throttle']>,
  now: () => number,
): () => boolean {
  let tokens = burst;
  let at_ms = now();
  return () => {
    tokens = Math.min(burst, tokens + ((now() - at_ms) / 1000) * rate_per_second);
    at_ms = now();
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

type Served = Route & { pattern: RegExp; parameters: number };

/** `{id}` stands for one segment, `{rest+}` for all that follow. */
function served(route: Route): Served {
  const parts = route.path.split(/(\{[^}]+\})/);
  const pattern = parts.map((part) => {
    const [, name, plus] = /^\{(\w+)(\+?)\}$/.exec(part) ?? [];
    if (name === undefined) return escaped(part);
    return plus === '+' ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`;
  });
  return { ...route, pattern: new RegExp(`^${pattern.join('')}$`), parameters: (parts.length - 1) / 2 };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** What follows the API in the ARN of a permission's source, its stars as wildcards. */
const globbed = (arn: string): string =>
  arn === '*' ? '.*' : escaped(arn.split('/').slice(1).join('/')).replaceAll('\\*', '.*');
