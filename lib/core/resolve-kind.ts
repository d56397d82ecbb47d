import * as z from 'zod';
import type { Problem } from './errors.ts';
import { isToolCall } from './is-tool-call.ts';
import type { Tree } from './jmespath.ts';
import type { Handle } from './job.ts';
import type { Acceptor, Call, HandleSource, Kind, ResolvedKind, TransportName } from './kind.ts';
import { acceptorsSchema, callSchemas, handleSourcesSchema, noHeaders, pathsSchema } from './kind.ts';
import { problemsOf } from './problems.ts';
import { placeholdersOf, renderCall, TemplateError } from './template.ts';

const carriedInputSchema = (call: z.ZodType<Call>) =>
  z.strictObject({
    start: call,
    handle: handleSourcesSchema.optional(),
    status: call.optional(),
    progress: call.optional(),
    cancel: call.optional(),
  });
const carriedHandleSchema = (call: z.ZodType<Call>) =>
  z.strictObject({ status: call, progress: call.optional(), cancel: call.optional() });
/** What a request brings to a kind that carries calls, by the transport of the kind. */
const carried = {
  http: { input: carriedInputSchema(callSchemas.http), handle: carriedHandleSchema(callSchemas.http) },
  mcp: { input: carriedInputSchema(callSchemas.mcp), handle: carriedHandleSchema(callSchemas.mcp) },
};
/** The built-in kind that takes any call, by transport. */
const anyCall: Record<TransportName, string> = { http: 'http', mcp: 'mcp-tool' };
const namedValues = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/),
  z.union([z.string().min(1).max(2048), z.number(), z.boolean()]),
);

/** The kind with the request's calls, acceptors and paths laid over it, and the handle of an adopted job. */
export type Resolution = { ok: true; kind: ResolvedKind; handle: Handle | null } | { ok: false; problems: Problem[] };

const callSides = ['status', 'progress', 'cancel'] as const;

type Laid = {
  start: Call | null;
  sources: Record<string, HandleSource>;
  status: Call | null;
  progress: Call | null;
  cancel: Call | null;
  handle: Handle | null;
};

/** Lays a raw request over its kind. Every problem at once; what is no object at all is left to the request's own schema. */
export function resolveKind(kind: Kind, body: Record<string, unknown>): Resolution {
  const problems: Problem[] = [];
  const laid = kind.carries_calls === true ? layCarriedCalls(kind, body, problems) : layVariables(kind, body, problems);
  const acceptors =
    overlay(kind.carries_calls === true ? acceptorsSchema : null, 'acceptors', body, kind, problems) ?? kind.acceptors;
  const paths = overlay(kind.carries_calls === true ? pathsSchema : null, 'paths', body, kind, problems);
  if (acceptors === undefined && body['acceptors'] === undefined)
    problems.push({
      path: 'acceptors',
      message: `the kind "${kind.name}" has none of its own; say which answers mean success and failure`,
    });
  if (laid !== null && laid.status === null)
    problems.push({
      path: 'input.status',
      message: `the kind "${kind.name}" has none of its own; say how to look at the job`,
    });
  if (laid !== null) problems.push(...unboundNames(kind, laid));
  if (problems.length > 0 || laid === null || laid.status === null || acceptors === undefined)
    return { ok: false, problems };
  return {
    ok: true,
    handle: laid.handle,
    kind: {
      name: kind.name,
      transport: kind.transport,
      start: laid.start,
      handle: laid.sources,
      status: laid.status,
      progress: laid.progress,
      cancel: laid.cancel,
      acceptors: acceptors as Acceptor[],
      paths: { ...kind.paths, ...paths },
      pace: kind.pace ?? {},
      next_step: kind.next_step ?? {},
    },
  };
}

function overlay<T extends z.ZodType>(
  schema: T | null,
  key: 'acceptors' | 'paths',
  body: Record<string, unknown>,
  kind: Kind,
  problems: Problem[],
): z.infer<T> | undefined {
  if (body[key] === undefined) return undefined;
  if (schema === null) {
    problems.push({
      path: key,
      message: `the kind "${kind.name}" brings its own; leave them out, or use the kind "${anyCall[kind.transport]}"`,
    });
    return undefined;
  }
  // Its problems are told once, by the request's own schema.
  const parsed = schema.safeParse(body[key]);
  return parsed.success ? parsed.data : undefined;
}

/** Kinds whose jobs bring their own calls: `http`, `http-lro`, `mcp-tool`. */
function layCarriedCalls(kind: Kind, body: Record<string, unknown>, problems: Problem[]): Laid | null {
  if (isObject(body['input'])) {
    const parsed = carried[kind.transport].input.safeParse(body['input']);
    if (!parsed.success) {
      problems.push(...under('input', problemsOf(parsed.error)));
      return null;
    }
    const { start, handle, status, progress, cancel } = parsed.data;
    const sources = handle ?? kind.handle ?? {};
    if (kind.transport === 'mcp')
      for (const [name, source] of Object.entries(sources))
        if (typeof source !== 'string') problems.push({ path: `input.handle.${name}`, message: noHeaders });
    return {
      start: asStart(start),
      sources,
      status: status ?? kind.status ?? null,
      progress: progress ?? null,
      cancel: cancel ?? (status === undefined ? (kind.cancel ?? null) : null),
      handle: null,
    };
  }
  if (isObject(body['handle'])) {
    const parsed = carried[kind.transport].handle.safeParse(body['handle']);
    if (!parsed.success) {
      problems.push(...under('handle', problemsOf(parsed.error)));
      return null;
    }
    const { status, progress, cancel } = parsed.data;
    // The kind's own calls speak of one address, the one an adopted job names itself.
    const url = isToolCall(status) ? null : status.url;
    const address: Record<string, Tree> = Object.fromEntries(Object.keys(kind.handle ?? {}).map((name) => [name, url]));
    const own = kind.cancel === undefined ? null : renderCall(kind.cancel, address);
    return {
      start: null,
      sources: {},
      status,
      progress: progress ?? null,
      cancel: cancel ?? own,
      handle: body['handle'] as Handle,
    };
  }
  return null;
}

/** A start over HTTP is a POST unless it says otherwise. */
const asStart = (call: Call): Call => (isToolCall(call) ? call : { method: 'POST', ...call });

/** Kinds that bring their own calls: the request brings the values. */
function layVariables(kind: Kind, body: Record<string, unknown>, problems: Problem[]): Laid | null {
  const starts = isObject(body['input']);
  const side = starts ? 'input' : 'handle';
  if (!isObject(body[side])) return null;
  if (starts && kind.start === undefined) {
    problems.push({
      path: 'input',
      message: `the kind "${kind.name}" cannot start jobs; adopt a running one with "handle"`,
    });
    return null;
  }
  const laid: Laid = {
    start: null,
    sources: kind.handle ?? {},
    status: kind.status ?? null,
    progress: kind.progress ?? null,
    cancel: kind.cancel ?? null,
    handle: null,
  };
  const values = starts
    ? { success: true as const, data: body['input'] as Record<string, Tree> }
    : namedValues.safeParse(body['handle']);
  if (!values.success) {
    problems.push(...under(side, problemsOf(values.error)));
    return null;
  }
  const wanted = new Set(
    starts && kind.start !== undefined
      ? placeholdersOf(kind.start)
      : [kind.status, kind.progress, kind.cancel].flatMap((call) => (call === undefined ? [] : placeholdersOf(call))),
  );
  const known = new Set([...wanted, ...(starts ? [] : Object.keys(kind.handle ?? {}))]);
  const missing = [...wanted].filter((name) => !Object.hasOwn(values.data, name));
  const unknown = Object.keys(values.data).filter((name) => !known.has(name));
  for (const name of missing)
    problems.push({ path: `${side}.${name}`, message: `is missing; the kind "${kind.name}" needs it` });
  for (const name of unknown)
    problems.push({
      path: `${side}.${name}`,
      message: `is not known to the kind "${kind.name}"; known: ${[...known].join(', ') || 'none'}`,
    });
  if (missing.length > 0 || unknown.length > 0) return null;
  if (!starts) return { ...laid, handle: values.data };
  try {
    return {
      ...laid,
      start: kind.start === undefined ? null : asStart(renderCall(kind.start, values.data)),
    };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    problems.push({ path: side, message: error.message });
    return null;
  }
}

/** A status, progress or cancel call that asks for a name the handle will never have. */
function unboundNames(kind: Kind, laid: Laid): Problem[] {
  if (kind.carries_calls !== true) return [];
  const known = Object.keys(laid.sources);
  const parent = laid.start === null ? 'handle' : 'input';
  const where =
    laid.start === null
      ? `but an adopted job has no values: write the ${kind.transport === 'mcp' ? 'arguments' : 'URL'} in full`
      : `which is not in input.handle (known: ${known.join(', ') || 'none'})`;
  return callSides.flatMap((side) =>
    (laid[side] === null ? [] : placeholdersOf(laid[side]))
      .filter((name) => !known.includes(name))
      .map((name) => ({ path: `${parent}.${side}`, message: `asks for {${name}}, ${where}` })),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const under = (prefix: string, problems: Problem[]): Problem[] =>
  problems.map(({ path, message }) => ({ path: path === '' ? prefix : `${prefix}.${path}`, message }));

/** What a kind of the configuration lacks to be usable: calls, acceptors, or names its calls ask for. */
export function kindProblems(kind: Kind): Problem[] {
  const problems: Problem[] = [];
  if (kind.carries_calls === true)
    problems.push({ path: 'carries_calls', message: 'is for built-in kinds; write the calls into the kind' });
  if (kind.status === undefined) problems.push({ path: 'status', message: 'is missing: how is the job looked at?' });
  if (kind.acceptors === undefined)
    problems.push({ path: 'acceptors', message: 'is missing: which answers are terminal?' });
  if (kind.start !== undefined && Object.keys(kind.handle ?? {}).length === 0)
    problems.push({ path: 'handle', message: 'is missing: which ids does the start answer hold?' });
  const known = Object.keys(kind.handle ?? {});
  for (const side of callSides)
    for (const name of kind[side] === undefined || kind.start === undefined ? [] : placeholdersOf(kind[side]))
      if (!known.includes(name))
        problems.push({
          path: side,
          message: `asks for {${name}}, which is not in handle (known: ${known.join(', ') || 'none'})`,
        });
  return problems;
}
