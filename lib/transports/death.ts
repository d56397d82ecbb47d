import { createHash, scrypt } from 'node:crypto';
import type { Death } from '../core/observation.ts';

const mark_bytes = 12;

/**
 * Tells one secret of a connection from the next, the same in every process. Salted and slow (scrypt, some 50 ms): the mark is
 * stored with the job, and a password can be short.
 */
export function markOf(connection: string, secret: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  scrypt(secret, `untildone ${connection}`, mark_bytes, (error, mark) =>
    error === null ? resolve(mark.toString('base64url')) : reject(error),
  );
  return promise;
}

/** There is no credential to call with. `message`: why, without any secret. */
export const unusable = (message: string): Death => ({
  id: `unusable-${createHash('sha256').update(message).digest('base64url').slice(0, 16)}`,
  renew: 'its secret cannot be used, read message',
});
