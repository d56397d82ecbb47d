import { ConfigError, RequestError } from '../core/errors.ts';

/** The system's own name for what went wrong. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
const resultOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
const sqlite = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 };

/** What an operator is told of an error met while the file is opened, or read for the first time. */
export function translateOpening(error: unknown, path: string): ConfigError {
  const result = resultOf(error);
  const says = (message: string): ConfigError => new ConfigError(message, { cause: error });
  if (result === sqlite.busy)
    return says(`${path} is held by another untildone process; stop it, or use another --data-dir`);
  if (result === sqlite.readOnly || result === sqlite.cannotOpen)
    return says(`${path} cannot be written; choose another with --data-dir, or make it writable`);
  if (result === sqlite.full) return says(`the disk of ${path} is full; free some space and start again`);
  if (result === sqlite.notADatabase || result === sqlite.corrupt || error instanceof SyntaxError)
    return says(`${path} is damaged or no untildone file; move it away or restore a copy`);
  return says(`${path} cannot be opened (${error instanceof Error ? error.message : 'unknown error'})`);
}

/** What a caller is told once an fsync has failed. */
export const unkept = (cause: Error, path: string): RequestError =>
  new RequestError(
    'UNAVAILABLE',
    `the disk did not keep what was written (${codeOf(cause)}): nothing further is stored; repair the disk of ${path} and start again`,
    { retry_after_ms: 30_000, cause },
  );

/** What a caller is told of a change that could not be written; an error of another sort is ours, and passes. */
export function translateWriting(error: unknown, path: string): unknown {
  const result = resultOf(error);
  if (result !== sqlite.full && result !== sqlite.ioError && result !== sqlite.readOnly) return error;
  const what = result === sqlite.full ? 'the disk is full' : 'the disk cannot be written';
  return new RequestError('UNAVAILABLE', `${what}: nothing was stored; free or repair the disk of ${path}`, {
    retry_after_ms: 30_000,
    cause: error,
  });
}
