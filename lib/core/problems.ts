import type { z } from 'zod';
import type { Problem } from './errors.ts';

/** Flattens zod's issues, also those inside unions, to paths and sentences. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        path: path === '' ? key : `${path}.${key}`,
        message: 'is not a known key here',
      }));
    if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message }));
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      // The branch with the fewest complaints is the one the caller most likely meant.
      const closest = [...issue.errors].sort((left, right) => left.length - right.length)[0] ?? [];
      return closest.map((inner) => ({ path: [...issue.path, ...inner.path].join('.'), message: inner.message }));
    }
    return [{ path, message: issue.message }];
  });
}
