import * as z from 'zod';
import type { Problem } from './errors.ts';
import { handleNames, maxIds, maxListedIdLength } from './handle.ts';
import { isToolCall } from './is-tool-call.ts';
import type { Tree } from './jmespath.ts';
import type { Handle } from './job.ts';
import type { Call, HandleSource, Kind } from './kind.ts';
import { oncePer } from './once-per.ts';
import { isPlainHandle } from './plain-request.ts';
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

const named = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), z.unknown());

/** What an adopted job may name: values, and under `each` a list of ids. */
function readHandle(
  each: string | undefined,
  given: Record<string, unknown>,
): { handle: Handle } | { problems: Problem[] } {
  if (each === undefined && isPlainHandle(given)) return { handle: given as Handle }; // single values, each of them seen
  const read = named.safeParse(given);
  if (!read.success) return { problems: problemsOf(read.error) };
  const problems = Object.entries(read.data).flatMap(([name, one]) => {
    const { error } = (name === each ? ids : value).safeParse(one);
    return error === undefined ? [] : under(name, problemsOf(error));
  });
  return problems.length > 0 ? { problems } : { handle: read.data as Handle }; // JSON values, each of them read above
}

type Names = { needed: ReadonlySet<string>; known: ReadonlySet<string> };

/** The names that a job of a kind must and may bring, worked out once: a kind is asked for thousands of jobs. */
const namesOfInput = oncePer(
  (start: Call): Names => ({ needed: new Set(neededBy(start)), known: new Set(placeholdersOf(start)) }),
);
const namesOfHandle = oncePer((kind: Kind): Names => {
  const calls = [kind.status, kind.progress, kind.cancel].flatMap((call) => call ?? []);
  return {
    needed: new Set(calls.flatMap(neededBy)),
    known: new Set([...calls.flatMap(placeholdersOf), ...handleNames(kind.handle ?? {})]),
  };
});

/** The calls of a kind before a request brought anything. */
const callsOfKind = oncePer(
  (kind: Kind): Laid => ({
    start: null,
    sources: kind.handle ?? {},
    status: kind.status ?? null,
    progress: kind.progress ?? null,
    cancel: kind.cancel ?? null,
    handle: null,
  }),
);

/** A start over HTTP is a POST unless it says otherwise. */
export const asStart = (call: Call): Call => (isToolCall(call) ? call : { method: 'POST', ...call });

export const isObject = (given: unknown): given is Record<string, unknown> =>
  given !== null && typeof given === 'object' && !Array.isArray(given);

/** Kinds that bring their own calls: the request brings the values. */
export function layVariables(kind: Kind, body: Record<string, unknown>, problems: Problem[]): Laid | null {
  if (isObject(body['input'])) return layInput(kind, body['input'] as Record<string, Tree>, problems);
  return isObject(body['handle']) ? layHandle(kind, body['handle'], problems) : null;
}

function layInput(kind: Kind, input: Record<string, Tree>, problems: Problem[]): Laid | null {
  if (kind.start === undefined) {
    problems.push({
      path: 'input',
      message: `the kind "${kind.name}" cannot start jobs; adopt a running one with "handle"`,
    });
    return null;
  }
  if (!areKnown(kind, 'input', input, namesOfInput(kind.start), problems)) return null;
  const laid = callsOfKind(kind);
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

function layHandle(kind: Kind, given: Record<string, unknown>, problems: Problem[]): Laid | null {
  const read = readHandle(kind.each, given);
  if ('problems' in read) {
    problems.push(...under('handle', read.problems));
    return null;
  }
  const { handle } = read;
  return areKnown(kind, 'handle', handle, namesOfHandle(kind), problems) ? { ...callsOfKind(kind), handle } : null;
}

/** Whether nothing is missing and nothing is unknown. */
function areKnown(
  kind: Kind,
  side: 'input' | 'handle',
  values: Record<string, Tree>,
  { needed, known }: Names,
  problems: Problem[],
): boolean {
  const before = problems.length;
  for (const name of needed)
    if (!Object.hasOwn(values, name))
      problems.push({ path: `${side}.${name}`, message: `is missing; the kind "${kind.name}" needs it` });
  for (const name of Object.keys(values))
    if (!known.has(name))
      problems.push({
        path: `${side}.${name}`,
        message: `is not known to the kind "${kind.name}"; known: ${[...known].join(', ') || 'none'}`,
      });
  return problems.length === before;
}
