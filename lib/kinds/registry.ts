import type { Problem } from '../core/errors.ts';
import { ConfigError } from '../core/errors.ts';
import type { Kind } from '../core/kind.ts';
import { kindProblems } from '../core/kind-problems.ts';
import { knownKinds } from './known-kinds.ts';

/** The built-in kinds and those of the configuration, by name. Throws ConfigError with every problem at once. */
export function kindsWith(configured: readonly Kind[]): ReadonlyMap<string, Kind> {
  const taken = new Set(knownKinds([]).keys());
  const problems: Problem[] = [];
  for (const [position, kind] of configured.entries()) {
    if (taken.has(kind.name))
      problems.push({ path: `kinds.${position}.name`, message: `"${kind.name}" is taken; give it another name` });
    problems.push(...kindProblems(kind).map(({ path, message }) => ({ path: `kinds.${position}.${path}`, message })));
    taken.add(kind.name);
  }
  if (problems.length > 0) throw new ConfigError('the configuration has unusable kinds', { problems });
  return knownKinds(configured);
}
