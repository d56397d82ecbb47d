import type { Issue } from './run-request.ts';

const STATUS = {
  INVALID_REQUEST: 400,
  UNAUTHENTICATED: 401,
  NOT_FOUND: 404,
  ALREADY_OVER: 409,
  BODY_TOO_LARGE: 413,
  TOO_MANY_RUNS: 429,
  INTERNAL: 500,
} as const;

/** Why a call was refused. */
export type ProblemCode = keyof typeof STATUS;

/** Renders a refusal as `application/problem+json` (RFC 9457) with a `code` to branch on. */
export function problem(
  code: ProblemCode,
  detail: string,
  more: { members?: { errors?: Issue[]; state?: string }; headers?: Record<string, string> } = {},
): Response {
  const status = STATUS[code];
  return Response.json(
    { type: 'about:blank', title: code.toLowerCase().replaceAll('_', ' '), status, code, detail, ...more.members },
    { status, headers: { ...more.headers, 'content-type': 'application/problem+json' } },
  );
}
