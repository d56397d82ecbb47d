import { valueAt } from './jmespath.ts';
import type { Handle } from './job.ts';
import type { Observation } from './observation.ts';

/**
 * An answer that names another id than ours is about another job, and says nothing of this one: it becomes the error
 * `other_job`. One that names no id is taken as it is.
 */
export function asAbout(about: Record<string, string> | undefined, handle: Handle, seen: Observation): Observation {
  if (about === undefined || !seen.answered || seen.http_status >= 400 || seen.error !== undefined) return seen;
  if (seen.body === undefined) return seen;
  for (const [name, path] of Object.entries(about)) {
    const ours = handle[name];
    const theirs = valueAt(seen.body, path);
    if (ours === undefined || theirs === null || String(theirs) === String(ours)) continue;
    const message = `the answer is about ${JSON.stringify(theirs).slice(0, 80)}, not about ${name} ${JSON.stringify(ours).slice(0, 80)}`;
    return { ...seen, error: { type: 'other_job', message } };
  }
  return seen;
}
