import { type Problem, RequestError } from '../core/errors.ts';
import type { ApiRequest } from './api-request.ts';
import type { Switches } from './parameters.ts';
import { readJsonBody } from './read-body.ts';

/** Reads a small body of switches; no body is the same as `{}`. Throws RequestError INVALID_REQUEST with every problem at once. */
export async function readOptions<Known extends Switches>(
  request: ApiRequest,
  known: Known,
): Promise<Record<keyof Known, boolean>> {
  const body = await readJsonBody(request);
  const given = body === undefined ? {} : body;
  const problems = isObject(given)
    ? problemsIn(given, known)
    : [{ path: '', message: `Invalid input: expected object, received ${typeOf(given)}` }];
  if (problems.length > 0)
    throw new RequestError('INVALID_REQUEST', `the body has ${problems.length} problem(s)`, { problems });
  const values = Object.entries(known).map(([name, one]) => [name, Reflect.get(Object(given), name) ?? one.default]);
  return Object.fromEntries(values);
}

function problemsIn(given: object, known: Switches): Problem[] {
  const own = new Map<string, unknown>(Object.entries(given));
  const wrong = Object.keys(known)
    .filter((name) => own.has(name) && typeof own.get(name) !== 'boolean')
    .map((path) => ({ path, message: `Invalid input: expected boolean, received ${typeOf(own.get(path))}` }));
  const unknown = [...own.keys()].filter((name) => !Object.hasOwn(known, name));
  return [...wrong, ...unknown.map((path) => ({ path, message: 'is not a known key here' }))];
}

const isObject = (value: unknown): value is object =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
