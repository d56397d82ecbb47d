import { week } from './cadence.ts';
import type { StartRequest } from './start-request.ts';

/*
 * Most requests are few fields of plain values, in which the schemas would find nothing. To see so takes a tenth of the time
 * that they take. A false here says nothing against a request: the schema reads it then, and has the words for what is wrong.
 */

const isText = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= most;

const isSeconds = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= week;

/** An object as JSON makes it. A `__proto__` of its own is left to the schemas, which leave it out. */
const isRecord = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  !Object.hasOwn(value, '__proto__');

function isPlainField(key: string, value: unknown): boolean {
  switch (key) {
    case 'kind':
    case 'connection':
      return isText(value, 64);
    case 'name':
      return isText(value, 200);
    case 'input':
    case 'handle':
      return isRecord(value);
    case 'expected_seconds':
    case 'timeout_seconds':
      return isSeconds(value);
    case 'first_check':
      return value === 'now' || value === 'later';
    case 'cancel_on_timeout':
      return typeof value === 'boolean';
    default:
      return false;
  }
}

/** Whether `startRequestSchema` certainly takes a body, parsed as JSON, as it is. */
export function isPlainRequest(body: object): body is StartRequest {
  if (!('kind' in body && 'connection' in body)) return false;
  for (const key in body) if (!isPlainField(key, (body as Record<string, unknown>)[key])) return false;
  return true;
}

/** A text, finite number or truth value that may stand in a call. */
const isPlainValue = (value: unknown): boolean =>
  typeof value === 'string' ? isText(value, 2048) : typeof value === 'boolean' || Number.isFinite(value);

const name = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** Whether the schemas would certainly find nothing in a handle, and leave it as it is. */
export function isPlainHandle(handle: Record<string, unknown>): boolean {
  if (!isRecord(handle)) return false;
  for (const key in handle) if (!name.test(key) || !isPlainValue(handle[key])) return false;
  return true;
}
