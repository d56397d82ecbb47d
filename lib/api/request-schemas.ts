import * as z from 'zod';
import { jobIdPattern, statuses } from '../core/job.ts';
import { idempotencyKeyPattern } from './idempotency-key.ts';

/** Seconds a read may be held: below API Gateway's 30 s. */
export const maxWaitSeconds = 25;

/** A whole number between two others, both included. */
const whole = (low: number, high: number) =>
  z
    .int({ error: `must be a whole number from ${low} to ${high}` })
    .min(low)
    .max(high);
/** How many rows a page has, and how long an answer may be held, seconds: the same over HTTP and MCP. */
export const pageSize = whole(1, 100);
export const waitSeconds = whole(0, maxWaitSeconds);

/** A query of these parameters and no others. */
const queryOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `is not a query parameter here; known: ${Object.keys(shape).join(', ') || 'none'}`
        : undefined,
  });

/** Query values are text: digits only, so that neither `1e1` nor an empty value passes for a number. */
const asNumber = (number: typeof pageSize, without: number) =>
  z
    .preprocess((text) => (typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : text), number)
    .default(without);

export const cursor = z.string().min(1).max(1024).optional().describe('`next_cursor` of the page before.');
const limit = asNumber(pageSize, 20);
const wait_seconds = asNumber(waitSeconds, 0).describe(
  'Holds the answer back until there is news, this many seconds at most.',
);

export const noQuery = queryOf({});
export const waitQuery = queryOf({ wait_seconds });
export const listQuery = queryOf({
  status: z.enum(statuses).optional(),
  kind: z.string().min(1).max(64).optional(),
  limit,
  cursor,
});
export const eventsQuery = queryOf({ cursor, limit, wait_seconds });

/** Not judged here: a malformed id is as unknown as any other. */
export const jobPath = z.object({ job_id: z.string().meta({ description: `Matches ${jobIdPattern.source}` }) });

export const startHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .regex(idempotencyKeyPattern, 'must be 1 to 255 visible ASCII characters, quoted or not')
    .optional()
    .describe('The same key with the same body finds the same job; with another body it is refused.'),
});

/** `POST /v1/jobs/{job_id}/cancel`; no body is the default. */
export const cancelRequestSchema = z
  .strictObject({ remote: z.boolean().default(true).describe('False stops watching and leaves the remote job alone.') })
  .meta({ id: 'CancelRequest' });

/** `POST /v1/doctor`; no body is the default. */
export const doctorRequestSchema = z
  .strictObject({
    send_test: z.boolean().default(false).describe('Whether to send a test announcement to every target.'),
  })
  .meta({ id: 'DoctorRequest' });
