import { type Tree, valueAt } from './jmespath.ts';
import type { Acceptor, FaultType } from './kind.ts';
import type { Observation } from './observation.ts';

/** What the acceptors said: the state and warning of the first that matched, and whether any path led to a value. */
export type Judgement = { state: Acceptor['state'] | null; resolved: boolean; warning?: string };

const compare: Record<
  'stringEquals' | 'booleanEquals' | 'allStringEquals' | 'anyStringEquals',
  (value: Tree, expected: string) => boolean
> = {
  stringEquals: (value, expected) => value === expected,
  booleanEquals: (value, expected) => typeof value === 'boolean' && String(value) === expected,
  // An empty list says nothing yet: no row has reached the state.
  allStringEquals: (value, expected) =>
    Array.isArray(value) && value.length > 0 && value.every((item) => item === expected),
  anyStringEquals: (value, expected) => Array.isArray(value) && value.some((item) => item === expected),
};

/** The fault type of an answer that is an error, by its HTTP status or its own word, else null. */
export function faultTypeOf(observation: Observation): FaultType | null {
  if (!observation.answered) return observation.type;
  if (observation.error !== undefined) return observation.error.type;
  const { http_status: status } = observation;
  if (observation.rate_limited || status === 429) return 'rate_limited';
  if (status === 401 || status === 403) return 'auth_failed';
  if (status === 404 || status === 410) return 'not_found';
  if (status === 408) return 'timeout';
  if (status >= 500) return 'server_error';
  if (status >= 400 || status === 425) return 'refused';
  return observation.unparseable;
}

const usable = (observation: Observation): Tree | undefined =>
  observation.answered && observation.http_status < 400 && (observation.error?.type ?? 'tool_error') === 'tool_error'
    ? observation.body
    : undefined;

/** Runs the acceptors in order; the first match wins. Paths look only at answers that are no errors, and at what a tool said with `isError`. */
export function judge(acceptors: readonly Acceptor[], observation: Observation): Judgement {
  const body = usable(observation);
  const fault = faultTypeOf(observation);
  let resolved = false;
  for (const { state, matcher, warning } of acceptors) {
    const matched: Judgement = { state, resolved: true, ...(warning === undefined ? {} : { warning }) };
    if ('httpStatus' in matcher) {
      if (observation.answered && matcher.httpStatus.includes(observation.http_status)) return matched;
    } else if ('errorType' in matcher) {
      if (fault === matcher.errorType) return matched;
    } else if (body !== undefined) {
      const value = valueAt(body, matcher.path);
      if (value !== null) resolved = true;
      if (compare[matcher.comparator](value, String(matcher.expected))) return matched;
    }
  }
  return { state: null, resolved };
}

/** The redirect statuses an acceptor speaks of: those are answers, not ways to follow. */
export const redirectsNamed = (acceptors: readonly Acceptor[]): number[] =>
  acceptors
    .flatMap(({ matcher }) => ('httpStatus' in matcher ? matcher.httpStatus : []))
    .filter((status) => status >= 300 && status < 400);

/** Whether any acceptor looks into the body: then an answer without one is a failed check. */
export const readsBody = (acceptors: readonly Acceptor[]): boolean =>
  acceptors.some(({ matcher }) => 'path' in matcher);
