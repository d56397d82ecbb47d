import { statuses } from '../core/job.ts';
import { idempotencyKeyPattern } from './idempotency-key.ts';

/** What a parameter of a query or a header may be, in JSON Schema's words: read by it, and shown in the document as it stands. */
export type ParameterSchema =
  | { type: 'integer'; minimum: number; maximum: number; default: number }
  | { type: 'string'; enum: readonly string[] }
  | { type: 'string'; minLength: number; maxLength: number }
  | { type: 'string'; pattern: string };

/** One parameter; `refusal` replaces the reader's own words for a value that does not fit. None is required. */
export type Parameter = { schema: ParameterSchema; description?: string; refusal?: string };

/** Parameters by name. */
export type Parameters = Readonly<Record<string, Parameter>>;

/** How many rows a page has, and how long an answer may be held, seconds (below API Gateway's 30): the same over HTTP and MCP. */
export const pageSizes = { minimum: 1, maximum: 100, default: 20 } as const;
export const heldSeconds = { minimum: 0, maximum: 25, default: 0 } as const;
/** Characters of a cursor and of a kind's name in a query. */
export const cursorLengths = { minLength: 1, maxLength: 1024 } as const;
export const kindLengths = { minLength: 1, maxLength: 64 } as const;
export const cursorDescription = '`next_cursor` of the page before.';

const limit = { schema: { type: 'integer', ...pageSizes } } as const satisfies Parameter;
const cursor = {
  schema: { type: 'string', ...cursorLengths },
  description: cursorDescription,
} as const satisfies Parameter;
const wait_seconds = {
  schema: { type: 'integer', ...heldSeconds },
  description: 'Holds the answer back until there is news, this many seconds at most.',
} as const satisfies Parameter;

export const noParameters = {} as const satisfies Parameters;
export const waitQuery = { wait_seconds } as const satisfies Parameters;
export const listQuery = {
  status: { schema: { type: 'string', enum: statuses } },
  kind: { schema: { type: 'string', ...kindLengths } },
  limit,
  cursor,
} as const satisfies Parameters;
export const eventsQuery = { cursor, limit, wait_seconds } as const satisfies Parameters;
export const startHeaders = {
  'Idempotency-Key': {
    schema: { type: 'string', pattern: idempotencyKeyPattern.source },
    description: 'The same key with the same body finds the same job; with another body it is refused.',
    refusal: 'must be 1 to 255 visible ASCII characters, quoted or not',
  },
} as const satisfies Parameters;

/** Switches of a small body by name: on or off, each with a default, so that no body is the same as `{}`. */
export type Switches = Readonly<Record<string, { default: boolean; description: string }>>;

/** `POST /v1/jobs/{job_id}/cancel`. */
export const cancelSwitches = {
  remote: { default: true, description: 'False stops watching and leaves the remote job alone.' },
} as const satisfies Switches;
/** `POST /v1/doctor`. */
export const doctorSwitches = {
  send_test: { default: false, description: 'Whether to send a test announcement to every target.' },
} as const satisfies Switches;
