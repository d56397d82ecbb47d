import * as z from 'zod';
import { isToolCall } from './is-tool-call.ts';
import { expressionProblem } from './jmespath.ts';
import { reservedHeaders } from './reserved-headers.ts';

/** A JMESPath expression: at most 512 characters, brackets nested at most 32 deep, and it parses. */
export const expressionSchema = z
  .string()
  .min(1)
  .superRefine((expression, context) => {
    const problem = expressionProblem(expression);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ description: 'A JMESPath expression, at most 512 characters' });

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'is no HTTP header name');

/** One HTTP request of a kind. `{name}` is replaced by the handle's (or input's) value: typed if it is the whole string, percent-encoded in URLs. */
const httpCallSchema = z
  .strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
    url: z.string().min(1).max(2048),
    query: z.record(z.string().max(256), z.union([z.string().max(2048), z.number(), z.boolean()])).optional(),
    headers: z
      .record(
        headerName.refine((name) => !reservedHeaders.has(name.toLowerCase()), {
          message: 'is not a header a call may set: credentials belong to the connection',
        }),
        z
          .string()
          .max(2048)
          .regex(/^[\t\x20-\x7e]*$/, 'has characters a header cannot carry'),
      )
      .optional(),
    body: z.json().optional(),
  })
  .meta({ id: 'HttpCall' });
export type HttpCall = z.infer<typeof httpCallSchema>;

/** One call of a tool of an MCP server. `{name}` is replaced anywhere in the values of `arguments`, however deep: typed if it is the whole string. */
const mcpCallSchema = z
  .strictObject({
    tool: z
      .string()
      .regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'must be the name of a tool: letters, digits and _ . : / -, at most 128'),
    arguments: z.record(z.string().max(256), z.json()).optional(),
  })
  .meta({ id: 'McpCall' });
export type McpCall = z.infer<typeof mcpCallSchema>;

/** One remote call, in the words of its transport. */
export type Call = HttpCall | McpCall;

/** How a kind talks to the remote system, and what its calls look like then. */
export const transports = ['http', 'mcp'] as const;
export type TransportName = (typeof transports)[number];
export const callSchemas: Record<TransportName, z.ZodType<Call>> = { http: httpCallSchema, mcp: mcpCallSchema };
const callSchema = z.union([httpCallSchema, mcpCallSchema]);

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

/** A rule `matcher → state`, in the words of Smithy waiters; the first match wins. */
export const acceptorSchema = z
  .strictObject({ state: z.enum(acceptorStates), matcher: matcherSchema })
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

/** Seconds, all of them. `ramp: false` turns the quick first checks off. */
export const paceSchema = z.strictObject({
  interval_seconds: z.number().min(1).max(900).optional(),
  floor_seconds: z.number().min(1).max(900).optional(),
  cap_seconds: z.number().min(3).max(900).optional(),
  ramp: z.boolean().optional(),
});
export type Pace = z.infer<typeof paceSchema>;

const nextStepSchema = z.strictObject({
  complete: z.string().max(280).optional(),
  failed: z.string().max(280).optional(),
  cancelled: z.string().max(280).optional(),
});

/** Why a kind or request that speaks mcp takes no id from headers. */
export const noHeaders = 'is read off a header, but tools answer without headers; write a JMESPath expression';

/** Where a remote id is found in the start answer: a JMESPath on its body, or the first of these headers, resolved as a URL. */
export const handleSourceSchema = z.union([
  expressionSchema,
  z.strictObject({ header: z.array(headerName).min(1).max(8) }),
]);
export type HandleSource = z.infer<typeof handleSourceSchema>;

const handleName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be a plain name: letters, digits, underscores');
export const handleSourcesSchema = z.record(handleName, handleSourceSchema);

/** What sort of job: how to start, check and cancel it, which answers are terminal, how fast to poll. Declarative data. */
export const kindSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and dashes'),
    description: z.string().max(280).optional(),
    transport: z.enum(transports),
    start: callSchema.optional(),
    handle: handleSourcesSchema.optional(),
    status: callSchema.optional(),
    progress: callSchema.optional(),
    cancel: callSchema.optional(),
    acceptors: acceptorsSchema.optional(),
    paths: pathsSchema.optional(),
    pace: paceSchema.optional(),
    expected_seconds: z.number().int().min(1).max(604_800).optional(),
    timeout_seconds: z.number().int().min(1).max(604_800).optional(),
    next_step: nextStepSchema.optional(),
    /** True for the kinds whose jobs bring their own calls (`http`, `http-lro`, `mcp-tool`). */
    carries_calls: z.boolean().optional(),
  })
  .superRefine((kind, context) => {
    const refuse = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    for (const side of ['start', 'status', 'progress', 'cancel'] as const) {
      const call = kind[side];
      if (call !== undefined && isToolCall(call) !== (kind.transport === 'mcp'))
        refuse(
          [side],
          kind.transport === 'mcp'
            ? 'is an HTTP call, but the kind speaks mcp: write { "tool", "arguments" }'
            : 'calls a tool, but the kind speaks http: write { "method", "url" }, or "transport": "mcp"',
        );
    }
    for (const [name, source] of Object.entries(kind.handle ?? {}))
      if (kind.transport === 'mcp' && typeof source !== 'string') refuse(['handle', name], noHeaders);
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
  next_step: z.infer<typeof nextStepSchema>;
};
