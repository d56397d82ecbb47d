import type { JobDescriptor } from '../core/descriptor.ts';
import type { ErrorCode, Problem, RequestError } from '../core/errors.ts';
import { type Answered, type ApiAnswer, answer } from './answer.ts';

/** How each code is answered: exhaustive, so that a new code does not compile until it is mapped. */
export const problemKinds: Record<ErrorCode, { status: number; title: string; retryable: boolean }> = {
  INVALID_REQUEST: { status: 400, title: 'The request is not valid', retryable: false },
  UNAUTHENTICATED: { status: 401, title: 'Who is calling is not known', retryable: false },
  PERMISSION_DENIED: { status: 403, title: 'The caller may not do this', retryable: false },
  JOB_NOT_FOUND: { status: 404, title: 'There is no such job', retryable: false },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no such route', retryable: false },
  CONFLICT: { status: 409, title: 'The request contradicts the present state', retryable: false },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large', retryable: false },
  START_REJECTED: { status: 422, title: 'The remote system refused to start the job', retryable: false },
  FIRST_CHECK_FAILED: { status: 422, title: 'The first check failed, nothing is watched', retryable: false },
  TARGET_NOT_ALLOWED: { status: 422, title: 'The address may not be called', retryable: false },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key belongs to another request', retryable: false },
  TOO_MANY_ACTIVE_JOBS: { status: 429, title: 'Too many jobs are running', retryable: true },
  UNAVAILABLE: { status: 503, title: 'Not possible right now', retryable: true },
  // A start without an idempotency key may have begun, so that a blind repeat could pay for a second run.
  INTERNAL_ERROR: { status: 500, title: 'Something went wrong on our side', retryable: false },
};

/** An RFC 9457 problem document with our extensions. */
export type ProblemDocument = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  retryable: boolean;
  retry_after_ms: number | null;
  errors: Problem[];
  request_id: string;
  job?: JobDescriptor | undefined;
};

export const problemContentType = 'application/problem+json';

/** Renders an error as a problem document; `instead` overrides the code's own status (405) and adds headers. */
export function answerProblem(
  to: Answered,
  error: RequestError,
  job?: JobDescriptor,
  instead?: { status: number; headers: Readonly<Record<string, string>> },
): ApiAnswer {
  const { code } = error;
  const kind = problemKinds[code];
  const retry_after_ms = error.retry_after_ms ?? null;
  const document: ProblemDocument = {
    type: `urn:untildone:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: kind.title,
    status: instead?.status ?? kind.status,
    detail: error.message,
    code,
    retryable: kind.retryable,
    retry_after_ms,
    errors: error.problems,
    request_id: to.request_id,
    ...(job === undefined ? {} : { job }),
  };
  return answer(to, JSON.stringify(document), document.status, {
    'content-type': problemContentType,
    ...(retry_after_ms === null ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retry_after_ms / 1000))) }),
    ...(code === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer' } : {}),
    ...instead?.headers,
  });
}
