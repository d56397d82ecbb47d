import * as z from 'zod';
import type { Problem } from './errors.ts';
import { handleNames, maxIds, maxListedIdLength } from './handle.ts';
import { isToolCall } from './is-tool-call.ts';
import type { Tree } from './jmespath.ts';
import type { Handle } from './job.ts';
import type { Call, HandleSource, Kind } from './kind.ts';
import { problemsOf, under } from './problems.ts';
import { neededBy, placeholdersOf, renderCall, TemplateError } from './template.ts';

/** A kind's calls with what the request brought; `handle` is that of an adopted job, `given` what a started one keeps of its input. */
export type Laid = {
  start: Call | null;
  sources: Record<string, HandleSource>;
  status: Call | null;
  progress: Call | null;
  cancel: Call | null;
  handle: Handle | null;
  given?: Record<string, Tree>;
};

const value = z.union([z.string().min(1).max(2048), z.number(), z.boolean()]);
const listedId = z.union([z.string().min(1).max(maxListedIdLength), z.number()]);
const ids = z
  .array(listedId, { error: 'must be a list of ids: ["…"]' })
  .min(1, 'must have at least one id')
  .max(maxIds, `has more than ${maxIds} ids, which is the most one job can watch; hand over several jobs`);

/** What an adopted job may name: values, and under `each` a list of ids. */
const handleSchema = (each: string | undefined) =>
  z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), z.unknown())
    .superRefine((handle, context) => {
      for (const [name, given] of Object.entries(handle)) {
        const read = (name === each ? ids : value).safeParse(given);
        for (const problem of read.success ? [] : problemsOf(read.error))
          context.addIssue({
            code: 'custom',
            path: [name, ...(problem.path === '' ? [] : [problem.path])],
            message: problem.message,
          });
      }
    })
    .transform((handle) => handle as Handle); // JSON values, each of them read above

/** A start over HTTP is a POST unless it says otherwise. */
export const asStart = (call: Call): Call => (isToolCall(call) ? call : { method: 'POST', ...call });

export const isObject = (given: unknown): given is Record<string, unknown> =>
  given !== null && typeof given === 'object' && !Array.isArray(given);

/** Kinds that bring their own calls: the request brings the values. */
export function layVariables(kind: Kind, body: Record<string, unknown>, problems: Problem[]): Laid | null {
  const laid: Laid = {
    start: null,
    sources: kind.handle ?? {},
    status: kind.status ?? null,
    progress: kind.progress ?? null,
    cancel: kind.cancel ?? null,
    handle: null,
  };
  if (isObject(body['input'])) return layInput(kind, body['input'] as Record<string, Tree>, laid, problems);
  return isObject(body['handle']) ? layHandle(kind, body['handle'], laid, problems) : null;
}

function layInput(kind: Kind, input: Record<string, Tree>, laid: Laid, problems: Problem[]): Laid | null {
  if (kind.start === undefined) {
    problems.push({
      path: 'input',
      message: `the kind "${kind.name}" cannot start jobs; adopt a running one with "handle"`,
    });
    return null;
  }
  if (!areKnown(kind, 'input', input, neededBy(kind.start), placeholdersOf(kind.start), problems)) return null;
  const kept = handleNames(laid.sources).filter((name) => Object.hasOwn(input, name));
  const given = Object.fromEntries(kept.map((name) => [name, input[name] ?? null]));
  try {
    return {
      ...laid,
      start: asStart(renderCall(kind.start, input)),
      ...(kept.length === 0 ? {} : { given }),
    };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    problems.push({ path: 'input', message: error.message });
    return null;
  }
}

function layHandle(kind: Kind, given: Record<string, unknown>, laid: Laid, problems: Problem[]): Laid | null {
  const read = handleSchema(kind.each).safeParse(given);
  if (!read.success) {
    problems.push(...under('handle', problemsOf(read.error)));
    return null;
  }
  const calls = [kind.status, kind.progress, kind.cancel].flatMap((call) => call ?? []);
  const known = [...calls.flatMap(placeholdersOf), ...handleNames(laid.sources)];
  return areKnown(kind, 'handle', read.data, calls.flatMap(neededBy), known, problems)
    ? { ...laid, handle: read.data }
    : null;
}

/** Whether nothing is missing and nothing is unknown. */
function areKnown(
  kind: Kind,
  side: 'input' | 'handle',
  values: Record<string, Tree>,
  needed: readonly string[],
  known: readonly string[],
  problems: Problem[],
): boolean {
  const missing = [...new Set(needed)].filter((name) => !Object.hasOwn(values, name));
  const unknown = Object.keys(values).filter((name) => !known.includes(name));
  for (const name of missing)
    problems.push({ path: `${side}.${name}`, message: `is missing; the kind "${kind.name}" needs it` });
  for (const name of unknown)
    problems.push({
      path: `${side}.${name}`,
      message: `is not known to the kind "${kind.name}"; known: ${[...new Set(known)].join(', ') || 'none'}`,
    });
  return missing.length === 0 && unknown.length === 0;
}
