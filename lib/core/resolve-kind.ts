import * as z from 'zod';
import { callSchemas } from './call.ts';
import type { Problem } from './errors.ts';
import { handleNames } from './handle.ts';
import { isToolCall } from './is-tool-call.ts';
import type { Tree } from './jmespath.ts';
import type { Handle } from './job.ts';
import type { Acceptor, Call, Kind, Paths, ResolvedKind, TransportName } from './kind.ts';
import { handleSourcesSchema, noHeaders } from './kind.ts';
import { asStart, isObject, type Laid, layVariables } from './lay-variables.ts';
import { problemsOf, under } from './problems.ts';
import { misplacesOptional, placeholdersOf, renderCall } from './template.ts';

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

/** The kind with the request's calls, acceptors and paths laid over it, and the handle of an adopted job. */
export type Resolution = { ok: true; kind: ResolvedKind; handle: Handle | null } | { ok: false; problems: Problem[] };

const callSides = ['status', 'progress', 'cancel'] as const;

/**
 * Lays a request over its kind. Every problem at once; what is no object at all is left to the request's own schema, which
 * judges acceptors and paths too: here they are taken as they are.
 */
export function resolveKind(kind: Kind, body: Record<string, unknown>): Resolution {
  const problems: Problem[] = [];
  const carries = kind.carries_calls === true;
  const laid = carries ? layCarriedCalls(kind, body, problems) : layVariables(kind, body, problems);
  if (!carries) refuseOwn(kind, body, problems);
  const given = carries ? (body as Partial<Pick<ResolvedKind, 'acceptors' | 'paths'>>) : {};
  const acceptors = given.acceptors ?? kind.acceptors;
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
  if (carries && laid !== null) problems.push(...unboundNames(kind, laid));
  if (problems.length > 0 || laid === null || laid.status === null || acceptors === undefined)
    return { ok: false, problems };
  const { status } = laid;
  const resolve = (): ResolvedKind => resolved(kind, { ...laid, status }, acceptors, { ...kind.paths, ...given.paths });
  return { ok: true, handle: laid.handle, kind: carries || laid.start !== null ? resolve() : sharedBy(kind, resolve) };
}

/** Jobs that a kind with calls of its own adopts differ in their handle alone: all of them share one record of the kind. */
const shared = new WeakMap<Kind, ResolvedKind>();
function sharedBy(kind: Kind, resolve: () => ResolvedKind): ResolvedKind {
  const known = shared.get(kind);
  if (known !== undefined) return known;
  const one = resolve();
  shared.set(kind, one);
  return one;
}

const resolved = (kind: Kind, laid: Laid & { status: Call }, acceptors: Acceptor[], paths: Paths): ResolvedKind => ({
  name: kind.name,
  transport: kind.transport,
  start: laid.start,
  handle: laid.sources,
  status: laid.status,
  progress: laid.progress,
  cancel: laid.cancel,
  acceptors,
  paths,
  pace: kind.pace ?? {},
  next_step: kind.next_step ?? {},
  ...(kind.each === undefined ? {} : { each: kind.each }),
  ...(kind.about === undefined ? {} : { about: kind.about }),
  ...(kind.progress_scale === undefined ? {} : { progress_scale: kind.progress_scale }),
  ...(laid.given === undefined ? {} : { given: laid.given }),
});

/** What a kind with calls of its own takes from no request. */
function refuseOwn(kind: Kind, body: Record<string, unknown>, problems: Problem[]): void {
  for (const path of ['acceptors', 'paths'])
    if (body[path] !== undefined)
      problems.push({
        path,
        message: `the kind "${kind.name}" brings its own; leave them out, or use the kind "${anyCall[kind.transport]}"`,
      });
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
    const address: Record<string, Tree> = Object.fromEntries(handleNames(kind.handle ?? {}).map((name) => [name, url]));
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

/** A status, progress or cancel call that asks for a name the handle will never have. */
function unboundNames(kind: Kind, laid: Laid): Problem[] {
  const known = handleNames(laid.sources);
  const parent = laid.start === null ? 'handle' : 'input';
  const where =
    laid.start === null
      ? `but an adopted job has no values: write the ${kind.transport === 'mcp' ? 'arguments' : 'URL'} in full`
      : `which is not in input.handle (known: ${known.join(', ') || 'none'})`;
  return callSides.flatMap((side) => {
    const call = laid[side];
    if (call === null) return [];
    const path = `${parent}.${side}`;
    const misplaced = 'has a {name?} that is not the whole value of an argument, so that it cannot be left out';
    return [
      ...(misplacesOptional(call) ? [{ path, message: misplaced }] : []),
      ...placeholdersOf(call)
        .filter((name) => !known.includes(name))
        .map((name) => ({ path, message: `asks for {${name}}, ${where}` })),
    ];
  });
}
