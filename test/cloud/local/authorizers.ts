import type { Authorizer, Route } from './described-cloud.ts';
import { type Answer, iamCaller, message, type Routed, requestIn } from './http-event.ts';
import { verifyJwt } from './jwt.ts';
import type { Invoked } from './lambda-environment.ts';

export type AuthorizersOptions = {
  authorizers: readonly Authorizer[];
  /** The ARN of the caller whose signature every request is taken to bear. */
  caller_arn: string;
  /** Invokes an authorizer in API Gateway's name. */
  invoke: (authorizer_id: string, function_name: string, event: unknown) => Promise<Invoked>;
  now: () => number;
  /** Where an issuer's address is served on this machine. */
  reach: (url: string) => string;
};
/** What the function is told of the caller, or the answer to who is turned away. */
export type Admitted = { caller: object | null } | { refused: Answer };

const unauthorized = (why?: string): Admitted => ({
  refused: message(401, 'Unauthorized', {
    'www-authenticate': why === undefined ? 'Bearer' : `Bearer error="invalid_token" error_description="${why}"`,
  }),
});

/** Lets callers in as API Gateway does. Signatures of AWS are not checked: everybody who would sign is the one caller. */
export function createAuthorizers({ authorizers, caller_arn, invoke, now, reach }: AuthorizersOptions) {
  const cached = new Map<string, { until_ms: number; admitted: Admitted }>();

  async function byToken(authorizer: Extract<Authorizer, { type: 'JWT' }>, given: string): Promise<Admitted> {
    const { issuer, audience } = authorizer;
    const configuration = await read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const { keys } = Object(await read(String(Object(configuration).jwks_uri)));
    const verified = verifyJwt(given.replace(/^Bearer +/i, ''), { issuer, audience, keys, now_ms: now() });
    if (!verified.ok) return unauthorized(verified.why);
    const claims = Object.entries(verified.claims).map(([name, value]) => [name, spelled(value)]);
    return { caller: { jwt: { claims: Object.fromEntries(claims), scopes: null } } };
  }
  async function read(url: string): Promise<unknown> {
    const answered = await fetch(reach(url));
    if (!answered.ok) throw new Error(`${url} was answered with ${answered.status}`);
    return answered.json();
  }

  async function byFunction(
    authorizer: Extract<Authorizer, { type: 'REQUEST' }>,
    given: string[],
    routed: Routed,
  ): Promise<Admitted> {
    const { id, function_name, cache_seconds } = authorizer;
    const key = JSON.stringify([id, ...given]);
    const known = cached.get(key);
    if (known !== undefined && now() < known.until_ms) return known.admitted;
    const { request, url } = routed;
    const event = {
      ...requestIn(routed),
      type: 'REQUEST',
      routeArn: `arn:aws:execute-api:eu-west-1:000000000000:local/$default/${request.method}${url.pathname}`,
      identitySource: given,
    };
    const { payload, function_error } = await invoke(id, function_name, event);
    const { isAuthorized, context = {} } = Object(payload);
    if (function_error !== null || typeof isAuthorized !== 'boolean')
      return { refused: message(500, 'Internal Server Error') };
    const admitted: Admitted = isAuthorized ? { caller: { lambda: context } } : { refused: message(403, 'Forbidden') };
    if (cache_seconds > 0) cached.set(key, { until_ms: now() + cache_seconds * 1000, admitted });
    return admitted;
  }

  return {
    admit: async ({ authorization, authorizer: id }: Route, routed: Routed): Promise<Admitted> => {
      if (authorization === 'NONE') return { caller: null };
      if (authorization === 'AWS_IAM') return { caller: iamCaller(caller_arn) };
      const authorizer = authorizers.find((one) => one.id === id);
      if (authorizer === undefined) throw new Error(`there is no authorizer ${id}`);
      const given = authorizer.identity_sources.map((source) => identityIn(source, routed));
      if (given.some((value) => value === '')) return unauthorized();
      return authorizer.type === 'JWT' ? byToken(authorizer, given[0] ?? '') : byFunction(authorizer, given, routed);
    },
  };
}

/** `$request.header.Authorization` */
function identityIn(source: string, { request }: Routed): string {
  const [, header] = /^\$request\.header\.(.+)$/.exec(source) ?? [];
  if (header === undefined) throw new Error(`${source} is not read here`);
  return String(request.headers[header.toLowerCase()] ?? '');
}

/** Claims reach functions as text, lists in brackets. */
const spelled = (value: unknown): string => (Array.isArray(value) ? `[${value.join(' ')}]` : String(value));
