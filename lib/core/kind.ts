import * as z from 'zod';
import { type Call, callSchema, headerName, type TransportName, transports } from './call.ts';
import { callsOf } from './calls-of.ts';
import { estimateNames } from './estimates.ts';
import { isToolCall } from './is-tool-call.ts';
import { expressionProblem, type Tree } from './jmespath.ts';

export type { Call, HttpCall, McpCall, TransportName } from './call.ts';

/** A JMESPath expression: at most 512 characters, brackets nested at most 32 deep, and it parses. */
export const expressionSchema = z
  .string()
  .min(1)
  .superRefine((expression, context) => {
    const problem = expressionProblem(expression);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ description: 'A JMESPath expression, at most 512 characters' });

export const acceptorStates = ['success', 'failure', 'cancelled', 'retry', 'failing', 'blocked'] as const;
export const comparators = ['stringEquals', 'booleanEquals', 'allStringEquals', 'anyStringEquals'] as const;

/** What a check could not do, as `errorType` matchers and `warnings` name it. */
export const faultTypes = [
  'timeout',
  'connection_refused',
  'connection_reset',
  'dns',
  'tls',
  'too_large',
  'too_deep',
  'unparseable',
  'redirected',
  'rate_limited',
  'server_error',
  'not_allowed',
  'auth_failed',
  'not_found',
  'refused',
  'tool_error',
  'other_job',
] as const;
export type FaultType = (typeof faultTypes)[number];

const matcherSchema = z.union([
  z.strictObject({
    path: expressionSchema,
    expected: z.union([z.string().max(512), z.boolean()]),
    comparator: z.enum(comparators),
  }),
  z.strictObject({ httpStatus: z.array(z.number().int().min(100).max(599)).min(1).max(32) }),
  z.strictObject({ errorType: z.enum(faultTypes) }),
]);

/** A rule `matcher → state`, in the words of Smithy waiters; the first match wins. `warning` is told when it does. */
export const acceptorSchema = z
  .strictObject({
    state: z.enum(acceptorStates),
    matcher: matcherSchema,
    warning: z.string().min(1).max(280).optional(),
  })
  .meta({ id: 'Acceptor' });
export type Acceptor = z.infer<typeof acceptorSchema>;

export const acceptorsSchema = z
  .array(acceptorSchema)
  .min(1)
  .max(32)
  .refine((acceptors) => acceptors.some((acceptor) => acceptor.state === 'success'), {
    message: 'no acceptor has the state "success": without one the job could never complete; add one',
  });

export const pathsSchema = z.strictObject({
  message: expressionSchema.optional(),
  progress: expressionSchema.optional(),
  result: expressionSchema.optional(),
  upstream_state: expressionSchema.optional(),
});
export type Paths = z.infer<typeof pathsSchema>;

/** `ramp: false` turns the quick first checks off; `progress_every_checks: 2` asks for progress at every other check. */
export const paceSchema = z.strictObject({
  interval_seconds: z.number().min(1).max(900).optional(),
  floor_seconds: z.number().min(1).max(900).optional(),
  cap_seconds: z.number().min(3).max(900).optional(),
  ramp: z.boolean().optional(),
  progress_every_checks: z.number().int().min(1).max(100).optional(),
});
export type Pace = z.infer<typeof paceSchema>;

const nextStep = z.string().min(1).max(280).optional();
/** `failed` is for what the remote side failed; how it else went wrong has its own names, or our own words. */
const nextStepSchema = z.strictObject({
  complete: nextStep,
  failed: nextStep,
  cancelled: nextStep,
  start_rejected: nextStep,
  start_unknown: nextStep,
  timed_out: nextStep,
});
export type NextStep = z.infer<typeof nextStepSchema>;

/** Why a kind or request that speaks mcp takes no id from headers. */
export const noHeaders = 'is read off a header, but tools answer without headers; write a JMESPath expression';

/** Where a remote id is found in the start answer: a JMESPath on its body, or the first of these headers, resolved as a URL. */
export const handleSourceSchema = z.union([
  expressionSchema,
  z.strictObject({ header: z.array(headerName).min(1).max(8) }),
]);
export type HandleSource = z.infer<typeof handleSourceSchema>;

const plainName = 'must be a plain name: letters, digits, underscores';
const handleName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, plainName);
/** By name; `name?` may be missing. */
export const handleSourcesSchema = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}\??$/, plainName),
  handleSourceSchema,
);

/** What is asked before the job begins, to know how long it takes. `call` takes its values from the input or handle; what is missing there, `via` finds. Calls that only read. */
const estimateSchema = z
  .strictObject({
    name: z.enum(estimateNames),
    call: callSchema,
    via: z.strictObject({ call: callSchema, values: z.record(handleName, expressionSchema) }).optional(),
  })
  .meta({ id: 'Estimate' });
export type Estimate = z.infer<typeof estimateSchema>;

/** What progress counts: 0–100, 0–1, or nobody knows. */
export const progressScales = ['percent', 'fraction', 'unknown'] as const;
export type ProgressScale = (typeof progressScales)[number];

/** What sort of job: how to start, check and cancel it, which answers are terminal, how fast to poll. Declarative data. */
export const kindSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and dashes'),
    description: z.string().max(280).optional(),
    transport: z.enum(transports),
    start: callSchema.optional(),
    handle: handleSourcesSchema.optional(),
    /** The name of a handle that is a list of ids, each looked at and cancelled by itself: in calls, the name stands for one of them. */
    each: handleName.optional(),
    status: callSchema.optional(),
    /** Handle name → JMESPath on the status answer: an answer that names another id there is about another job. */
    about: z.record(handleName, expressionSchema).optional(),
    progress: callSchema.optional(),
    cancel: callSchema.optional(),
    acceptors: acceptorsSchema.optional(),
    paths: pathsSchema.optional(),
    progress_scale: z.enum(progressScales).optional(),
    pace: paceSchema.optional(),
    expected_seconds: z.number().int().min(1).max(604_800).optional(),
    estimate: estimateSchema.optional(),
    timeout_seconds: z.number().int().min(1).max(604_800).optional(),
    /** Instead of `timeout_seconds`: the deadline is so long after the expected end. */
    overtime_seconds: z.number().int().min(1).max(604_800).optional(),
    next_step: nextStepSchema.optional(),
    /** True for the kinds whose jobs bring their own calls (`http`, `http-lro`, `mcp-tool`). */
    carries_calls: z.boolean().optional(),
  })
  .superRefine((kind, context) => {
    const refuse = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    for (const [side, call] of callsOf(kind)) {
      if (isToolCall(call) !== (kind.transport === 'mcp'))
        refuse(
          side.split('.'),
          kind.transport === 'mcp'
            ? 'is an HTTP call, but the kind speaks mcp: write { "tool", "arguments" }'
            : 'calls a tool, but the kind speaks http: write { "method", "url" }, or "transport": "mcp"',
        );
    }
    for (const [name, source] of Object.entries(kind.handle ?? {}))
      if (kind.transport === 'mcp' && typeof source !== 'string') refuse(['handle', name], noHeaders);
    if (kind.timeout_seconds !== undefined && kind.overtime_seconds !== undefined)
      refuse(['overtime_seconds'], 'stands beside timeout_seconds; give one of them');
  })
  .meta({ id: 'Kind' });
export type Kind = z.infer<typeof kindSchema>;

/** A kind with the request's calls laid over it, snapshotted into the job: a redeploy never changes a running job. */
export type ResolvedKind = {
  name: string;
  transport: TransportName;
  start: Call | null;
  handle: Record<string, HandleSource>;
  status: Call;
  progress: Call | null;
  cancel: Call | null;
  acceptors: Acceptor[];
  paths: Paths;
  pace: Pace;
  next_step: NextStep;
  each?: string;
  about?: Record<string, string>;
  progress_scale?: ProgressScale;
  /** Values of the input that the handle keeps, where the start answer has none. */
  given?: Record<string, Tree>;
};
