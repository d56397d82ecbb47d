import type { z } from 'zod';
import type { Problem } from './errors.ts';

type Issue = z.core.$ZodIssue;

/** Flattens zod's issues, also those inside unions, to paths and sentences. */
export const problemsOf = (error: z.ZodError): Problem[] => error.issues.flatMap((issue) => problemsIn(issue, []));

function problemsIn(issue: Issue, parents: readonly PropertyKey[]): Problem[] {
  const where = [...parents, ...issue.path];
  const path = where.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...where, key].join('.'), message: 'is not a known key here' }));
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message }));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The branch with the fewest complaints is the one the caller most likely meant.
    const closest = [...issue.errors].sort((left, right) => left.length - right.length)[0] ?? [];
    return closest.flatMap((inner) => problemsIn(inner, where));
  }
  return [{ path, message: issue.message }];
}

/** The same problems, told of what stands at `prefix`. */
export const under = (prefix: string, problems: Problem[]): Problem[] =>
  problems.map(({ path, message }) => ({ path: path === '' ? prefix : `${prefix}.${path}`, message }));
