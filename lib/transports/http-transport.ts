import type { Connection } from '../core/configuration.ts';
import type { HttpCall } from '../core/kind.ts';
import type { Answer, Clock, Fault, Secrets, Transport, TransportRequest } from '../ports.ts';
import { credentialedCall } from './credentialed-call.ts';
import type { Credential } from './credentials.ts';
import type { Dispatchers, OpenDispatchers } from './dispatchers.ts';
import { followCall, refusal } from './follow-call.ts';
import { createLane, type Lane, type OpenTokens } from './lane.ts';
import type { OpenRateBudget } from './rate-budget.ts';
import { requestHeaders } from './request-headers.ts';
import type { Resolve } from './safe-connect.ts';
import { targetUrl } from './target-url.ts';

export type HttpLimits = {
  /** The whole call: connecting, redirects, one repeat, the last byte (10,000 ms). */
  call_ms: number;
  /** The whole body (262,144 bytes). */
  body_bytes: number;
  /** TCP and TLS (5,000 ms). */
  connect_ms: number;
  /** Sockets per origin (256). */
  connections_per_origin: number;
};

export type HttpTransportOptions = {
  connections: ReadonlyMap<string, Connection>;
  secrets: Secrets;
  clock: Pick<Clock, 'now'>;
  /** The way out: undici's, or Node's own. */
  openDispatchers: OpenDispatchers;
  /** Instead of the system's resolver. */
  resolve?: Resolve;
  /** For connections with a `rate_per_minute`, instead of a budget in memory. */
  openRateBudget?: OpenRateBudget;
  /** For connections whose tokens come from an authorization server. */
  openTokens?: OpenTokens;
  limits?: Partial<HttpLimits>;
};

type World = { dispatchers: Dispatchers; limits: HttpLimits; now_ms: () => number };

const defaults: HttpLimits = { call_ms: 10_000, body_bytes: 262_144, connect_ms: 5_000, connections_per_origin: 256 };

/** The `Transport` over HTTP: guarded, bounded, paced. Throws ConfigError for an `allow_hosts` entry that is no host, and nothing after that. */
export function createHttpTransport(options: HttpTransportOptions): Transport<HttpCall> & { close(): Promise<void> } {
  const limits = { ...defaults, ...options.limits };
  const { connect_ms, connections_per_origin } = limits;
  const lanes = new Map<string, Lane>();
  for (const [name, connection] of options.connections) lanes.set(name, createLane(name, connection, options));
  const dispatchers = options.openDispatchers({ resolve: options.resolve, connect_ms, connections_per_origin });
  const world: World = { dispatchers, limits, now_ms: () => options.clock.now() };
  return {
    call: (request) => {
      const lane = lanes.get(request.connection);
      return lane === undefined
        ? refused(`there is no connection named "${request.connection}"; add it under "connections"`)
        : callLane(lane, request, world);
    },
    close: dispatchers.close,
  };
}

const refused = (problem: string): Promise<Fault> => Promise.resolve(refusal('not_allowed', problem));

function callLane(lane: Lane, request: TransportRequest<HttpCall>, world: World): Promise<Answer | Fault> {
  const until_ms = performance.now() + Math.min(world.limits.call_ms, request.budget_ms);
  const target = targetUrl(lane.base, request.call.url, request.call.query);
  if (!target.ok) return refused(target.problem);
  const problem = target.absolute === null ? lane.base_problem : lane.guard(target.absolute);
  if (problem !== undefined) return refused(problem);
  return credentialedCall({
    lane,
    send: (credential) => send({ lane, request, world, target, until_ms }, credential),
    mayRepeat: (answer) => mayRepeat(answer, request),
    repeats_unchanged: isGet(request),
    now_ms: world.now_ms,
    until_ms,
  });
}

type Attempt = {
  lane: Lane;
  request: TransportRequest<HttpCall>;
  world: World;
  target: { origin: string; path: string };
  until_ms: number;
};

function send({ lane, request, world, target, until_ms }: Attempt, credential: Credential): Promise<Answer | Fault> {
  const headers = requestHeaders(request.call, credential.headers);
  if (!headers.ok) return refused(headers.problem);
  return followCall({
    call: request.call,
    origin: target.origin,
    path: target.path,
    headers: headers.headers,
    redirects_as_answers: request.redirects_as_answers,
    guard: lane.guard,
    redactor: credential.redactor,
    dispatchers: world.dispatchers,
    allow_private_network: lane.allow_private_network,
    max_bytes: world.limits.body_bytes,
    now_ms: world.now_ms,
    until_ms,
  });
}

const isGet = ({ call }: TransportRequest<HttpCall>): boolean => (call.method ?? 'GET') === 'GET';

/** A 401 was not carried out, so any method may be repeated; a 403 may have been, so only a GET. */
const mayRepeat = (answer: Answer, request: TransportRequest<HttpCall>): boolean =>
  answer.http_status === 401 || (answer.http_status === 403 && !answer.rate_limited && isGet(request));
