import type { MiddlewareHandler } from 'hono';
import { RequestError } from '../core/errors.ts';
import type { ApiEnv, ApiOptions } from './api-options.ts';
import { hostGuard } from './host-guard.ts';

const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** What every request passes before its route: a request id, the host guard, and who is calling. */
export function admit(options: ApiOptions): MiddlewareHandler<ApiEnv> {
  const { ports, ownerOf, open_health = false } = options;
  const guard = hostGuard(options.allowed_hosts);
  return async (c, next) => {
    const given = c.req.header('x-request-id');
    const request_id = given !== undefined && requestIdPattern.test(given) ? given : ports.ids.random();
    c.set('request_id', request_id);
    guard({ host: c.req.header('host') ?? new URL(c.req.url).host, origin: c.req.header('origin') });
    if (!(open_health && c.req.path === '/health')) c.set('owner', named(await ownerOf(c)));
    await next();
  };
}

/** Fails closed: a caller without a name owns nothing. */
function named(owner: string): string {
  if (owner === '') throw new RequestError('UNAUTHENTICATED', 'the credentials name nobody');
  return owner;
}
