import { createHash, scrypt } from 'node:crypto';
import type { Death } from '../core/observation.ts';

const mark_bytes = 12;

/**
 * Tells one secret of a connection from the next, the same in every process. Salted and slow (scrypt, some 50 ms): the mark is
 * stored with the job, and a password can be short.
 */
function markOf(connection: string, secret: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  scrypt(secret, `untildone ${connection}`, mark_bytes, (error, mark) =>
    error === null ? resolve(mark.toString('base64url')) : reject(error),
  );
  return promise;
}

/** Marks the secrets of one connection. */
export type Marks = (secret: string) => Promise<string>;

/** The last mark is kept, as every job that ends asks for it. */
export function createMarks(connection: string): Marks {
  let last: { secret: string; mark: Promise<string> } | undefined;
  return (secret) => {
    if (last?.secret !== secret) last = { secret, mark: markOf(connection, secret) };
    return last.mark;
  };
}

/** There is no credential to call with. `message`: why, without any secret. */
export const unusable = (message: string): Death => ({
  id: `unusable-${createHash('sha256').update(message).digest('base64url').slice(0, 16)}`,
  renew: 'its secret cannot be used, read message',
});
