import { InvariantError } from '../core/errors.ts';

/** One field of a message: a test of its value, and what passes it, in words. */
export type Field = readonly [test: (value: unknown) => boolean, words: string];
export type Shape = Readonly<Record<string, Field>>;

/*
 * Messages of our own queues are read by hand: a schema library is the bulk of a bundle that has no other use for it, and is
 * loaded anew by each cold function. Whatever is refused belongs into the dead letter queue.
 */

/** Parses a message. `what` names it, as in "the tick queue". Throws InvariantError for what is no JSON. */
export function parseMessage(body: string, what: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new InvariantError(`got a message in ${what} that is no JSON`, { cause });
  }
}

/** What keeps `value` from being an object of exactly these fields, or undefined. Names the field and never a value. */
export function shapeProblem(value: unknown, shape: Shape): string | undefined {
  if (!isObject(value)) return 'it is no object';
  for (const [name, [test, words]] of Object.entries(shape)) {
    if (!Object.hasOwn(value, name)) return `it has no ${name}`;
    if (!test(value[name])) return `its ${name} is not ${words}`;
  }
  // Not by name: that would be a foreign word in a log line.
  const strangers = Object.keys(value).filter((name) => !Object.hasOwn(shape, name)).length;
  return strangers === 0 ? undefined : `it has unknown fields (${strangers})`;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const text: Field = [(value) => typeof value === 'string', 'text'];
export const count: Field = [(value) => Number.isSafeInteger(value) && Number(value) >= 0, 'a whole number from 0 up'];
export const time_ms: Field = [Number.isFinite, 'a number of milliseconds'];
