import type { ErrorHandler, NotFoundHandler } from 'hono';
import type { JobDescriptor } from '../core/descriptor.ts';
import { RequestError } from '../core/errors.ts';
import { describeFully } from '../flow/get-job.ts';
import type { ApiEnv, ApiOptions } from './api-options.ts';
import { answerProblem } from './problem.ts';

/** Answers whatever a route threw: a RequestError as it says, anything else as INTERNAL_ERROR without a word of it. */
export const answerErrors =
  (options: ApiOptions): ErrorHandler<ApiEnv> =>
  async (error, c) => {
    const at = { request_id: c.get('request_id'), method: c.req.method, path: c.req.path };
    const told = await whatIsTold(options, { owner: c.get('owner'), at }, error);
    return answerProblem(c, told.error, told.job);
  };

type Asked = { owner: string | undefined; at: { request_id: string; method: string; path: string } };

/** What a caller is told of anything thrown: a RequestError as it says, with its job; anything else as INTERNAL_ERROR, and only the log hears the rest. */
export async function whatIsTold(
  options: ApiOptions,
  { owner, at }: Asked,
  error: unknown,
): Promise<{ error: RequestError; job: JobDescriptor | undefined }> {
  const log = (message: string, cause: unknown): void => options.log?.(message, { ...at, error: cause });
  if (!(error instanceof RequestError)) {
    log('request failed', error);
    const detail = 'something went wrong on our side; the request_id leads to it in the log';
    return { error: new RequestError('INTERNAL_ERROR', detail), job: undefined };
  }
  const job = await jobOf(options, owner, error).catch((cause) => log('the job of a problem could not be read', cause));
  return { error, job: job ?? undefined };
}

/** The job an error speaks of, for its owner only. */
async function jobOf(
  { ports, settings }: ApiOptions,
  owner: string | undefined,
  error: RequestError,
): Promise<JobDescriptor | undefined> {
  if (error.job_id === undefined || owner === undefined) return undefined;
  const job = await ports.jobs.load(error.job_id);
  return job === undefined || job.owner !== owner ? undefined : describeFully(ports, settings, job);
}

/** Answers a path that nothing serves, or, with 405 and `Allow`, one that is served with other methods. */
export function answerNoRoute(routes: readonly { method: string; path: string }[]): NotFoundHandler<ApiEnv> {
  const methods = new Map<string, Set<string>>();
  for (const { method, path } of routes) {
    const allowed = methods.get(path) ?? new Set();
    allowed.add(method);
    if (method === 'GET') allowed.add('HEAD');
    methods.set(path, allowed);
  }
  const table = [...methods].map(([path, allowed]) => ({
    pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`),
    allow: [...allowed].join(', '),
  }));
  return (c) => {
    const served = table.find(({ pattern }) => pattern.test(c.req.path));
    if (served === undefined)
      return answerProblem(
        c,
        new RequestError('ROUTE_NOT_FOUND', 'nothing is served at this path; the routes are in /v1/openapi.json'),
      );
    const detail = `this path is served with ${served.allow}, not with ${c.req.method}`;
    const instead = { status: 405, headers: { allow: served.allow } };
    return answerProblem(c, new RequestError('ROUTE_NOT_FOUND', detail), undefined, instead);
  };
}
