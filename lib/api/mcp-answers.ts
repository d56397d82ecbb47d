import type { CallToolResult } from '@modelcontextprotocol/server';
import type { JobDescriptor } from '../core/descriptor.ts';
import type { ErrorCode, RequestError } from '../core/errors.ts';
import { problemKinds } from './problem.ts';

/** What a tool came to: `structured` fits its output schema, `brief` and `sentence` are what a model reads. */
export type ToolAnswer = { structured: Record<string, unknown>; brief: Record<string, unknown>; sentence: string };

/** What a model needs of a job to go on. */
export const briefJob = ({ job_id, status, terminal, reason, message, next_step }: JobDescriptor) => ({
  job_id,
  status,
  terminal,
  reason,
  message,
  next_step,
});

/** Two blocks: compact JSON that can be parsed as it stands, and a sentence. */
const content = (brief: unknown, sentence: string): CallToolResult['content'] => [
  { type: 'text', text: JSON.stringify(brief) },
  { type: 'text', text: sentence },
];

/** A tool's answer on the wire. */
export const answerOf = ({ structured, brief, sentence }: ToolAnswer): CallToolResult => ({
  content: content(brief, sentence),
  structuredContent: structured,
});

/** What to do about each code: exhaustive, so that a new one does not compile until it is said. */
const advice: Record<ErrorCode, string> = {
  INVALID_REQUEST: 'Mend what "errors" names, all of it, and call again.',
  UNAUTHENTICATED: 'Ask the person who set this server up for credentials.',
  PERMISSION_DENIED: 'Ask the person who set this server up; another call will not help.',
  JOB_NOT_FOUND: 'Find the id with job_list.',
  ROUTE_NOT_FOUND: 'See tools/list for what there is.',
  CONFLICT: 'Look at the job with job_get before you call again.',
  BODY_TOO_LARGE: 'Send less.',
  START_REJECTED:
    'The remote system said no and nothing runs. Mend what it complains of, and start with another idempotency key.',
  FIRST_CHECK_FAILED: 'Nothing is watched. See that the ids and the connection are right, and adopt the job again.',
  TARGET_NOT_ALLOWED: 'Use a connection that may reach this address, or ask the person who set this server up.',
  IDEMPOTENCY_KEY_REUSED: 'Use another idempotency key for another job.',
  TOO_MANY_ACTIVE_JOBS: 'Cancel jobs that are not needed (job_list, job_cancel), or wait.',
  UNAVAILABLE: 'Call again later, with the same idempotency_key.',
  INTERNAL_ERROR: 'It may have begun: call again only with the same idempotency_key, which finds the same job.',
};

/** An error as a tool's result: the model reads it, and mends what it can. */
export function refusalOf(
  { error, job }: { error: RequestError; job: JobDescriptor | undefined },
  more: { request_id: string; idempotency_key?: unknown },
): CallToolResult {
  const { code, message: detail, problems: errors, retry_after_ms = null } = error;
  const { retryable } = problemKinds[code];
  const brief = {
    code,
    retryable,
    retry_after_ms,
    detail,
    errors,
    ...more,
    ...(job === undefined ? {} : { job: briefJob(job) }),
  };
  const when = retry_after_ms === null ? '' : ` Not before ${Math.ceil(retry_after_ms / 1000)} s have passed.`;
  return { isError: true, content: content(brief, `${advice[code]}${when}`) };
}
