import { createAdmit, requestIdOf } from './admit.ts';
import type { ApiAnswer } from './answer.ts';
import { answerNoRoute, answerThrown } from './answer-errors.ts';
import type { ApiOptions } from './api-options.ts';
import type { ApiRequest } from './api-request.ts';
import { decodePath } from './decode.ts';
import { createFindPlace } from './find-route.ts';
import type { Routes } from './route.ts';

/** The HTTP API: answers whatever it is asked, and never rejects. */
export type Api = (request: ApiRequest) => Promise<ApiAnswer>;

/**
 * The HTTP API over flow, with the routes that are asked for: a server takes `allRoutes`, a function its own, so that it
 * loads nothing else. Whoever serves it turns what its host has into an ApiRequest, and an ApiAnswer into what its host wants.
 */
export function createApi(options: ApiOptions, routes: readonly Routes[]): Api {
  const admit = createAdmit(options);
  const findPlace = createFindPlace(routes.flatMap((some) => some(options)));

  return (request) =>
    request.method === 'HEAD' ? serve(request, 'GET').then(withoutText) : serve(request, request.method);

  async function serve(request: ApiRequest, method: string): Promise<ApiAnswer> {
    const request_id = requestIdOf(request, options.ports.ids);
    const path = decodePath(request.path);
    let owner = '';
    try {
      owner = await admit(request, path);
      const found = findPlace(path);
      const route = found?.place.methods.get(method);
      if (found === undefined || route === undefined)
        return answerNoRoute({ request_id }, found && { method: request.method, allow: found.place.allow });
      return await route.run({ request, request_id, owner, parameters: found.parameters });
    } catch (error) {
      return answerThrown(options, { owner, at: { request_id, method: request.method, path } }, error);
    }
  }
}

/** `HEAD` is answered as `GET` is, but for this. */
const withoutText = (answered: ApiAnswer): ApiAnswer => ({ ...answered, text: null });
