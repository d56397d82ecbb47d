/** Codes a caller can meet, on HTTP (`code`), CLI (`error.code`) and MCP alike. A new code does not compile until every face maps it. */
export const errorCodes = [
  'INVALID_REQUEST',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'JOB_NOT_FOUND',
  'ROUTE_NOT_FOUND',
  'CONFLICT',
  'BODY_TOO_LARGE',
  'START_REJECTED',
  'FIRST_CHECK_FAILED',
  'TARGET_NOT_ALLOWED',
  'IDEMPOTENCY_KEY_REUSED',
  'TOO_MANY_ACTIVE_JOBS',
  'UNAVAILABLE',
  'INTERNAL_ERROR',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** One thing wrong with a request: where (`acceptors.0.matcher.path`), and what was got, wanted and to be done. */
export type Problem = { path: string; message: string };

type RequestErrorOptions = { problems?: Problem[]; job_id?: string; retry_after_ms?: number; cause?: unknown };

/** The caller can mend it. Rendered once, at the edge. */
export class RequestError extends Error {
  readonly code: ErrorCode;
  readonly problems: Problem[];
  readonly job_id: string | undefined;
  readonly retry_after_ms: number | undefined;

  constructor(code: ErrorCode, message: string, options: RequestErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'RequestError';
    this.code = code;
    this.problems = options.problems ?? [];
    this.job_id = options.job_id;
    this.retry_after_ms = options.retry_after_ms;
  }
}

/** The operator must mend it: fails boot, synth or cold start. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_ERROR';
  readonly problems: Problem[];

  constructor(message: string, options: { problems?: Problem[]; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ConfigError';
    this.problems = options.problems ?? [];
  }
}

/** We must mend it: something that cannot be has been seen. */
export class InvariantError extends Error {
  readonly code = 'INVARIANT_ERROR';

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'InvariantError';
  }
}
