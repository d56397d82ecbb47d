import type { IncomingHttpHeaders } from 'node:http';

/** One call of an AWS API as a loopback server saw it. */
export type ApiCall = {
  at_ms: number;
  /** As policies name it: `sqs:SendMessage`. */
  action: string;
  /** The ARN it is about. */
  resource: string;
  /** Condition keys of the request. */
  context: Record<string, string>;
  /** Who calls: functions are told apart by their session tokens. */
  session_token: string | null;
  /** Size of the request, for billed units. */
  bytes: number;
};
/** What came of it: the status, and the error's type where there was one. */
export type LoggedCall = ApiCall & { status: number; error: string | null };

/** Says why a call is refused, or null. */
export type Authorize = (call: ApiCall) => string | null;

/**
 * What goes wrong with the n-th call of an action (from 1): refused for its rate, failed before or after it took effect,
 * or cut off before or after; `before` and `after` are told of it when it is cut off.
 */
export type Fault =
  | 'throttle'
  | 'fail'
  | 'fail_after'
  | 'cut'
  | 'cut_after'
  | { before: () => void }
  | { after: () => void };
export type FaultOf = (call: ApiCall, number: number) => Fault | undefined;

/** How often a delivery arrives, and how many ms later than it would (negative is early): `[]` is lost, `[0, 0]` comes twice. */
export type Disturb<What> = (what: What) => readonly number[];

/** The session token of a signed request. */
export function sessionTokenOf(headers: IncomingHttpHeaders): string | null {
  const token = headers['x-amz-security-token'];
  return typeof token === 'string' ? token : null;
}
