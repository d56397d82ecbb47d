import type { Context } from 'hono';
import type { JobDescriptor } from '../core/descriptor.ts';
import { answer } from './answer.ts';
import type { ApiEnv } from './api-options.ts';

/** Answers a value as JSON. */
export const answerJson = (
  c: Context<ApiEnv>,
  value: unknown,
  status: 200 | 202 = 200,
  headers: Record<string, string> = {},
): Response => answer(c, JSON.stringify(value), status, { 'content-type': 'application/json', ...headers });

/** `Retry-After` while a job runs: whole seconds, never sooner than the descriptor says. */
export const retryAfter = (job: JobDescriptor): Record<string, string> =>
  job.terminal ? {} : { 'retry-after': String(Math.ceil(job.poll_interval_ms / 1000)) };
