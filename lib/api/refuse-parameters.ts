import type { z } from 'zod';
import { type Problem, RequestError } from '../core/errors.ts';

const problemsOf = (error: z.ZodError): Problem[] =>
  error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((path) => ({ path, message: issue.message }))
      : [{ path: issue.path.join('.'), message: issue.message }],
  );

/** Refuses a query or a header that its schema does. Throws RequestError INVALID_REQUEST with every problem at once. */
export function refuseParameters(result: { target: string; success: boolean; error?: z.ZodError }): undefined {
  if (result.success || result.error === undefined) return;
  const problems = problemsOf(result.error);
  const where = result.target === 'header' ? 'the headers have' : 'the query has';
  throw new RequestError('INVALID_REQUEST', `${where} ${problems.length} problem(s)`, { problems });
}
