import { z } from 'zod';
import { whyNotATarget } from './loopback.ts';

const failWhen = z.strictObject({
  error_percent_above: z.number().min(0).max(100).optional(),
  p99_ms_above: z.number().positive().optional(),
  requests_per_second_below: z.number().positive().optional(),
});

const runRequest = z
  .strictObject({
    url: z.string().superRefine((url, context) => {
      const reason = whyNotATarget(url);
      if (reason !== null) context.addIssue({ code: 'custom', message: `url ${reason}` });
    }),
    duration_seconds: z.number().min(1).max(600),
    connections: z.int().min(1).max(50).default(10),
    name: z.string().min(1).max(200).default('load test'),
    ramp: z.strictObject({ seconds: z.number().min(0).max(600) }).optional(),
    fail_when: failWhen.optional(),
  })
  .refine((run) => run.ramp === undefined || run.ramp.seconds < run.duration_seconds, {
    path: ['ramp', 'seconds'],
    message: 'the ramp has to be shorter than duration_seconds',
  });

/** What a caller asks for: one load test against one URL on this machine. */
export type RunRequest = z.infer<typeof runRequest>;

/** Limits that turn a finished run into a failed one: percent of failed requests, milliseconds, answers per second. */
export type FailWhen = z.infer<typeof failWhen>;

/** One thing wrong with a request body; `path` is dotted, empty for the body as a whole. */
export interface Issue {
  path: string;
  message: string;
}

/** Reads a request body, or lists everything that is wrong with it. */
export function readRunRequest(body: unknown): { request: RunRequest } | { issues: Issue[] } {
  const read = runRequest.safeParse(body);
  if (read.success) return { request: read.data };
  return { issues: read.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })) };
}
