import * as z from 'zod';
import { reservedHeaders } from './reserved-headers.ts';

/** The name of an HTTP header. */
export const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'is no HTTP header name');

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
/** A call in the words of either transport. */
export const callSchema = z.union([httpCallSchema, mcpCallSchema]);
