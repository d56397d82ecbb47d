import type { ApiAnswer } from './answer.ts';
import type { ApiOptions } from './api-options.ts';
import type { ApiRequest } from './api-request.ts';
import type { Operation } from './operations.ts';
import { noParameters, type Parameters } from './parameters.ts';
import { readHeaders, readQuery, type Values } from './read-parameters.ts';

/** A request that was let in and has found its route. */
export type Asked = {
  request: ApiRequest;
  request_id: string;
  /** Empty at an open `/health` alone. */
  owner: string;
  /** Path parameters by name, decoded. */
  parameters: Readonly<Record<string, string>>;
};

/** What is served at a path with `{names}` of its parameters; `run` may throw RequestError. */
export type Route = { method: string; path: string; run(asked: Asked): ApiAnswer | Promise<ApiAnswer> };

/** Makes routes; a function takes those that API Gateway brings it, a server all of them. */
export type Routes = (options: ApiOptions) => readonly Route[];

/** What an operation is given beside that: query and headers by the names of its parameters, read. */
type Given<One extends Operation> = Asked & {
  query: Values<One['query']>;
  headers: Values<One extends { headers: Parameters } ? One['headers'] : typeof noParameters>;
};

/** Serves an operation: its parameters are read before `run` has its turn. */
export function route<const One extends Operation>(
  operation: One,
  run: (given: Given<One>) => ApiAnswer | Promise<ApiAnswer>,
): Route {
  const { method, path, query, headers = noParameters } = operation;
  return {
    method: method.toUpperCase(),
    path,
    run: ({ request, request_id, owner, parameters }) =>
      run({
        request,
        request_id,
        owner,
        parameters,
        query: readQuery(request, query),
        headers: readHeaders(request, headers),
      } as Given<One>), // read by the very parameters that its type comes from
  };
}
