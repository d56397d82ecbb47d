import type { ApiCall, Authorize } from '../queues/api-call.ts';

/** One call by a function, and which of its processes made it. */
export type FunctionCall = ApiCall & { function_name: string; environment: number };

const mark = ' of environment ';

/** The session token of one environment: its role's, and its number. */
export const environmentToken = (role_token: string, environment: number): string =>
  `${role_token}${mark}${environment}`;

/** The number of the environment that called, or null when it was nobody's. */
export function environmentOf(session_token: string | null): number | null {
  const [, number] = (session_token ?? '').split(mark);
  return number === undefined ? null : Number(number);
}

/** Policies know roles, and nothing of environments. */
export const byRole =
  (authorize: Authorize): Authorize =>
  (call) =>
    authorize({ ...call, session_token: call.session_token?.split(mark)[0] ?? null });
