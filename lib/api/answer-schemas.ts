import * as z from 'zod';
import { transports } from '../core/call.ts';
import { errorCodes } from '../core/errors.ts';
import { descriptorSchema, jobEventSchema } from './descriptor-schema.ts';

const page = {
  next_cursor: z.string().nullable().describe('Where the next page begins.'),
  has_more: z.boolean(),
};

/** A page of jobs, newest first. */
export const jobPageSchema = z.strictObject({ items: z.array(descriptorSchema), ...page }).meta({ id: 'JobPage' });

/** A page of the owner's inbox, oldest first. */
export const eventPageSchema = z.strictObject({ events: z.array(jobEventSchema), ...page }).meta({ id: 'EventPage' });

/** One sort of job, and what a request for it brings. */
export const kindSummarySchema = z
  .strictObject({
    name: z.string(),
    description: z.string().nullable(),
    transport: z.enum(transports),
    starts: z.boolean().describe('Whether `input` can start a job; otherwise only `handle` adopts one.'),
    cancels: z.boolean().describe('Whether the remote job can be cancelled without the request saying how.'),
    carries_calls: z.boolean().describe('Whether requests bring their own calls.'),
    needs_acceptors: z.boolean().describe('Whether requests must say which answers mean success and failure.'),
    input: z.array(z.string()).describe('Names in `input`; one that ends in `?` may be left out.'),
    handle: z.array(z.string()).describe('Names in `handle`; one that ends in `?` may be left out.'),
    expected_seconds: z.number().nullable(),
    timeout_seconds: z.number().nullable(),
  })
  .meta({ id: 'KindSummary' });
export type KindSummary = z.infer<typeof kindSummarySchema>;

/** Every kind this server knows. */
export const kindListSchema = z.strictObject({ kinds: z.array(kindSummarySchema) }).meta({ id: 'KindList' });

/** That the server answers, and what it is. */
export const healthSchema = z
  .strictObject({ ok: z.literal(true), version: z.string(), engine: z.enum(['embedded', 'aws']) })
  .meta({ id: 'Health' });

/** What the server found when it looked at its connections and targets. */
export const doctorReportSchema = z
  .strictObject({
    checks: z.array(
      z.strictObject({
        name: z.string(),
        ok: z.boolean(),
        message: z.string(),
        fix_command: z.string().optional().describe('Runnable as printed.'),
      }),
    ),
  })
  .meta({ id: 'DoctorReport' });

/** Every error there is: RFC 9457 with our extensions. */
export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What was got, what was wanted, what to do.'),
    code: z.enum(errorCodes),
    retryable: z.boolean().describe('Whether the same request may succeed later.'),
    retry_after_ms: z.number().min(0).nullable().describe('Also `Retry-After`, in seconds.'),
    errors: z
      .array(z.strictObject({ path: z.string(), message: z.string() }))
      .describe('Everything that is wrong with the request, at once.'),
    request_id: z.string(),
    job: descriptorSchema.optional().describe('The job the error speaks of, where there is one.'),
  })
  .meta({ id: 'Problem' });

/** An OpenAPI document, as far as one is worth describing in itself. */
export const openApiDocumentSchema = z
  .looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) })
  .meta({ id: 'OpenApiDocument' });
