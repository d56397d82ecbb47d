import type { JobDescriptor } from '../core/descriptor.ts';
import { type Answered, type ApiAnswer, answer } from './answer.ts';

/** Answers a value as JSON. */
export const answerJson = (
  to: Answered,
  value: unknown,
  status: 200 | 202 = 200,
  headers: Record<string, string> = {},
): ApiAnswer => answer(to, JSON.stringify(value), status, { 'content-type': 'application/json', ...headers });

/** `Retry-After` while a job runs: whole seconds, never sooner than the descriptor says. */
export const retryAfter = (job: JobDescriptor): Record<string, string> =>
  job.terminal ? {} : { 'retry-after': String(Math.ceil(job.poll_interval_ms / 1000)) };
