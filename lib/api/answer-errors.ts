import type { JobDescriptor } from '../core/descriptor.ts';
import { RequestError } from '../core/errors.ts';
import { describeFully } from '../flow/get-job.ts';
import type { Answered, ApiAnswer } from './answer.ts';
import type { ApiOptions } from './api-options.ts';
import { answerProblem } from './problem.ts';

/** Who asked for what; the owner is empty where nobody was let in yet. */
type Told = { owner: string; at: { request_id: string; method: string; path: string } };

/** Answers whatever was thrown on the way: a RequestError as it says, anything else as INTERNAL_ERROR without a word of it. */
export async function answerThrown(options: ApiOptions, to: Told, thrown: unknown): Promise<ApiAnswer> {
  const { error, job } = await whatIsTold(options, to, thrown);
  return answerProblem(to.at, error, job);
}

/** What a caller is told of anything thrown: a RequestError as it says, with its job; anything else as INTERNAL_ERROR, and only the log hears the rest. */
export async function whatIsTold(
  options: ApiOptions,
  { owner, at }: Told,
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
  owner: string,
  error: RequestError,
): Promise<JobDescriptor | undefined> {
  if (error.job_id === undefined || owner === '') return undefined;
  const job = await ports.jobs.load(error.job_id);
  return job === undefined || job.owner !== owner ? undefined : describeFully(ports, settings, job);
}

/** Answers a path that nothing serves, or, with 405 and `Allow`, one that is served with other methods. */
export function answerNoRoute(to: Answered, served: { method: string; allow: string } | undefined): ApiAnswer {
  if (served === undefined)
    return answerProblem(
      to,
      new RequestError('ROUTE_NOT_FOUND', 'nothing is served at this path; the routes are in /v1/openapi.json'),
    );
  const detail = `this path is served with ${served.allow}, not with ${served.method}`;
  const instead = { status: 405, headers: { allow: served.allow } };
  return answerProblem(to, new RequestError('ROUTE_NOT_FOUND', detail), undefined, instead);
}
