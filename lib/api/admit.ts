import { RequestError } from '../core/errors.ts';
import type { Ports } from '../ports.ts';
import type { ApiOptions } from './api-options.ts';
import { type ApiRequest, headerOf } from './api-request.ts';
import { createHostGuard } from './host-guard.ts';

const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** The id a request brought along, where it is plain, else one of our own making. */
export function requestIdOf(request: ApiRequest, ids: Ports['ids']): string {
  const given = headerOf(request, 'x-request-id');
  return given !== undefined && requestIdPattern.test(given) ? given : ids.random();
}

/**
 * What every request passes before its route: the host guard, and who is calling. Resolves with the owner, at an open `/health`
 * with nobody (empty). Rejects with RequestError PERMISSION_DENIED, UNAUTHENTICATED.
 */
export function createAdmit({
  ownerOf,
  open_health = false,
  allowed_hosts,
}: ApiOptions): (request: ApiRequest, path: string) => Promise<string> {
  const guard = createHostGuard(allowed_hosts);
  return async (request, path) => {
    guard(request.host, headerOf(request, 'origin'));
    return open_health && path === '/health' ? '' : named(await ownerOf(request));
  };
}

/** Fails closed: a caller without a name owns nothing. */
function named(owner: string): string {
  if (owner === '') throw new RequestError('UNAUTHENTICATED', 'the credentials name nobody');
  return owner;
}
