import * as z from 'zod';

const text = z.string().min(1);

/** What went wrong, for a reader that branches on codes; other keys may be added. */
export const errorSchema = z.looseObject({
  code: z.string().regex(/^[A-Z][A-Z0-9_]+$/),
  message: text,
  detail: z.string().optional(),
  retryable: z.boolean(),
  retry_after_ms: z.number().int().min(0).optional(),
  retry_strategy: z.enum(['immediate', 'linear_backoff', 'exponential_backoff']).optional(),
  fix_required: text.optional(),
  /** Runs as printed, changes nothing that cannot be undone, and may be repeated. */
  fix_command: text.optional(),
  phase: z.enum(['validation', 'execution', 'cleanup']).optional(),
  /** What to do now; never "try again" where that cannot help. */
  suggestion: text,
});
export type EnvelopeError = z.infer<typeof errorSchema>;

const metaSchema = z.looseObject({
  duration_ms: z.number().int().min(0),
  exit_code: z.number().int().min(0).max(255),
  schema_version: z.string().regex(/^\d+\.\d+$/),
  tool_version: text,
  request_id: text,
  command: z.string(),
  not_modified: z.boolean().optional(),
  cursor: z.string().nullable().optional(),
  help: z.boolean().optional(),
  truncated: z.boolean().optional(),
  truncation_hint: text.optional(),
});

/** The one document a command writes: exactly these five keys, `ok` true if and only if the exit code is 0. */
export const envelopeSchema = z
  .strictObject({
    ok: z.boolean(),
    data: z.union([z.looseObject({}), z.array(z.unknown()), z.null()]),
    error: errorSchema.nullable(),
    warnings: z.array(z.string()),
    meta: metaSchema,
  })
  .refine(({ ok, error, meta }) => ok === (meta.exit_code === 0) && ok === (error === null), {
    message: 'ok, error and meta.exit_code contradict each other',
  });
export type Envelope = z.infer<typeof envelopeSchema>;

/** Version of the envelope and of what the commands put in it. */
export const envelopeVersion = '1.0';
