import type { HonoRequest } from 'hono';
import type { z } from 'zod';
import { RequestError } from '../core/errors.ts';
import { problemsOf } from '../core/problems.ts';
import { readJsonBody } from './read-body.ts';

/** Reads a small body of options by its schema; no body is the same as `{}`. Throws RequestError INVALID_REQUEST. */
export async function readOptions<Schema extends z.ZodType>(
  request: HonoRequest,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const body = await readJsonBody(request);
  const read = schema.safeParse(body === undefined ? {} : body);
  if (read.success) return read.data;
  const problems = problemsOf(read.error);
  throw new RequestError('INVALID_REQUEST', `the body has ${problems.length} problem(s)`, { problems });
}
