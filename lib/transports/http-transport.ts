import type { Connection } from '../core/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { HttpCall } from '../core/kind.ts';
import type { Answer, Clock, Fault, Secrets, Transport, TransportRequest } from '../ports.ts';
import type { Credential } from './credentials.ts';
import { followCall, refusal } from './follow-call.ts';
import { coolDown, createLane, type Lane } from './lane.ts';
import { requestHeaders } from './request-headers.ts';
import { createDispatchers, type Dispatchers, type Resolve } from './safe-connect.ts';
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
  /** Instead of the system's resolver. */
  resolve?: Resolve;
  limits?: Partial<HttpLimits>;
};

type World = { dispatchers: Dispatchers; limits: HttpLimits; now_ms: () => number };

const defaults: HttpLimits = { call_ms: 10_000, body_bytes: 262_144, connect_ms: 5_000, connections_per_origin: 256 };

/** The `Transport` over HTTP: guarded, bounded, paced. Throws ConfigError for an `allow_hosts` entry that is no host, and nothing after that. */
export function createHttpTransport(options: HttpTransportOptions): Transport<HttpCall> & { close(): Promise<void> } {
  const limits = { ...defaults, ...options.limits };
  const { connect_ms, connections_per_origin } = limits;
  const lanes = new Map<string, Lane>();
  for (const [name, connection] of options.connections) lanes.set(name, createLane(name, connection, options.secrets));
  const dispatchers = createDispatchers({ resolve: options.resolve, connect_ms, connections_per_origin });
  const world: World = { dispatchers, limits, now_ms: () => options.clock.now() };
  return {
    call: async (request) => {
      const lane = lanes.get(request.connection);
      if (lane === undefined)
        return refusal(
          'not_allowed',
          `there is no connection named "${request.connection}"; add it under "connections"`,
        );
      return callLane(lane, request, world);
    },
    close: dispatchers.close,
  };
}

async function callLane(lane: Lane, request: TransportRequest<HttpCall>, world: World): Promise<Answer | Fault> {
  const until_ms = performance.now() + Math.min(world.limits.call_ms, request.budget_ms);
  const target = targetUrl(lane.base, request.call.url, request.call.query);
  if (!target.ok) return refusal('not_allowed', target.problem);
  const problem = target.relative ? lane.base_problem : lane.guard(target.url);
  if (problem !== undefined) return refusal('not_allowed', problem);
  const credential = await credentialOf(lane);
  if ('answered' in credential) return credential;

  const attempt: Attempt = { lane, request, world, url: target.url, until_ms };
  const first = await pacedCall(attempt, credential);
  if (!first.answered || !lane.has_credential || !mayRepeat(first, request)) return first;
  // A secret that cannot be read again leaves the refusal we have as the answer.
  const renewed = await lane.credentials.refresh(credential).catch(() => undefined);
  const changed = renewed !== undefined && renewed.value !== credential.value;
  if (renewed === undefined || !(changed || isGet(request)) || performance.now() >= until_ms) return first;
  const second = await pacedCall(attempt, renewed);
  return !second.answered && second.postponed ? first : second;
}

type Attempt = { lane: Lane; request: TransportRequest<HttpCall>; world: World; url: URL; until_ms: number };

/** One call out of the connection's rate budget; a rate-limited answer cools the whole connection down. */
async function pacedCall(
  { lane, request, world, url, until_ms }: Attempt,
  credential: Credential,
): Promise<Answer | Fault> {
  const headers = requestHeaders(request.call, credential.headers);
  if (!headers.ok) return refusal('not_allowed', headers.problem);
  const wait_seconds = lane.rate.take(world.now_ms());
  if (wait_seconds > 0) return postponement(wait_seconds);
  const answer = await followCall({
    call: request.call,
    url,
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
  if (answer.answered && answer.rate_limited) coolDown(lane, answer, world.now_ms());
  return answer;
}

const postponement = (wait_seconds: number): Fault => ({
  ...refusal('rate_limited', `the connection's rate budget is spent; its next call goes in ${wait_seconds} s`),
  retry_after_seconds: wait_seconds,
  postponed: true,
});

async function credentialOf(lane: Lane): Promise<Credential | Fault> {
  try {
    return await lane.credentials.current();
  } catch (error) {
    const known = error instanceof ConfigError;
    return refusal('auth_failed', known ? error.message : 'the secret of the connection cannot be read');
  }
}

const isGet = ({ call }: TransportRequest<HttpCall>): boolean => (call.method ?? 'GET') === 'GET';

/** A 401 was not carried out, so any method may be repeated; a 403 may have been, so only a GET. */
const mayRepeat = (answer: Answer, request: TransportRequest<HttpCall>): boolean =>
  answer.http_status === 401 || (answer.http_status === 403 && !answer.rate_limited && isGet(request));
