import * as z from 'zod';
import { jobIdPattern, statuses } from '../core/job.ts';

const time = z.iso.datetime();
const state = z.looseObject({ target: z.string(), event_id: z.string(), state: z.string(), attempts: z.number() });

const fields = {
  status: z.enum(statuses).describe('Closed. Timed out is `failed` with reason `timed_out`.'),
  terminal: z.boolean(),
  status_command: z.string().min(1).describe('Runnable as printed, without a shell.'),
  cancel_command: z.string().min(1).describe('Runnable as printed, without a shell.'),
  poll_interval_ms: z.number().min(0),
  timeout_ms: z.number().min(0),
  started_at: time,
  kind: z.string().optional(),
  name: z.string().nullable().optional(),
  connection: z.string().optional(),
  reason: z.string().nullable().optional(),
  message: z.string().nullable().optional(),
  phase: z.string().nullable().optional(),
  warnings: z.array(z.string()).optional(),
  status_url: z.string().optional(),
  cancel_url: z.string().optional(),
  expected_seconds: z.number().optional(),
  deadline_at: time.optional(),
  next_check_at: time.nullable().optional(),
  settled_at: time.nullable().optional(),
  checks: z.number().int().optional(),
  consecutive_errors: z.number().int().optional(),
  upstream_state: z.string().nullable().optional(),
  progress_pct: z.number().nullable().optional(),
  handle: z.record(z.string(), z.unknown()).nullable().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  result: z.unknown().optional(),
  next_step: z.string().nullable().optional(),
  observed: z
    .looseObject({ _source: z.literal('external'), _trusted: z.literal(false), value: z.unknown() })
    .optional(),
  announcements: z.array(state).optional(),
};

/** What a polling loop cannot do without. */
export const contractFields = [
  'job_id',
  'status',
  'terminal',
  'status_command',
  'cancel_command',
  'poll_interval_ms',
  'timeout_ms',
  'started_at',
] as const;

/** Ids of other programs' jobs: they go into commands that are split on spaces and run without a shell. */
export const plainIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * The descriptor of another program's job. The fields of the contract must be there; `extend` it to say what else is, and
 * narrow what is known more exactly: `jobDescriptor.extend({ result: z.object({ url: z.url() }).optional() })`.
 */
export const jobDescriptor = z.looseObject({ job_id: z.string().regex(plainIdPattern), ...fields });

/**
 * The job descriptor as the API answers it. The fields of the contract must be there; of the others a server may know more
 * or fewer, and words of an open set are not judged.
 */
export const descriptorSchema = z
  .looseObject({ job_id: z.string().regex(jobIdPattern), ...fields })
  .refine((job) => job.terminal === (job.status !== 'running'), {
    message: 'status and terminal contradict each other',
  });
export type Descriptor = z.infer<typeof descriptorSchema>;

const page = { next_cursor: z.string().nullable(), has_more: z.boolean() };

/** A page of jobs, newest first. */
export const jobPageSchema = z.looseObject({ items: z.array(z.looseObject({ job_id: z.string() })), ...page });

/** A page of the owner's inbox, oldest first. */
export const eventPageSchema = z.looseObject({ events: z.array(z.looseObject({})), ...page });
