import * as z from 'zod';
import type { JobDescriptor } from '../core/descriptor.ts';
import { type Problem, RequestError } from '../core/errors.ts';
import { problemsOf } from '../core/problems.ts';
import type { ApiOptions } from './api-options.ts';
import { briefJob, type ToolAnswer } from './mcp-answers.ts';

/** Arguments as they came, unread. */
export type Given = Record<string, unknown>;
export type Annotations = {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
};

/** One tool: what it is called with, what it answers, and what it does. `hands_over`: an idempotency key goes with every call. */
export type Tool = {
  title: string;
  description: string;
  input: z.ZodType;
  output: z.ZodType;
  annotations: Annotations;
  hands_over?: true;
  /** Throws RequestError. */
  run(options: ApiOptions, owner: string, given: Given): Promise<ToolAnswer>;
};

/** The one argument most tools share. */
export const job_id = z.string().describe('As job_start, job_adopt or job_list gave it.');

/** The hints of a tool that changes nothing. */
export const reads: Annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Reads arguments by their schema: every problem at once. Throws RequestError INVALID_REQUEST. */
export function readArguments<Schema extends z.ZodType>(schema: Schema, given: Given): z.infer<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalidArguments(problemsOf(parsed.error));
}

/** Arguments that the caller can mend, each problem by its path. */
export const invalidArguments = (problems: Problem[]): RequestError =>
  new RequestError('INVALID_REQUEST', `the arguments have ${problems.length} problem(s)`, { problems });

/** One job, and when to ask again. */
export function answerJob(job: JobDescriptor): ToolAnswer {
  const seconds = Math.ceil(job.poll_interval_ms / 1000);
  const sentence = job.terminal
    ? 'It has ended; nothing more will happen to it.'
    : job.phase === 'blocked'
      ? 'It waits for a person: tell them what it wants.'
      : `It still runs: ask again in ${seconds} s, job_wait holds the answer for you; better, do not poll and read job_events later.`;
  return { structured: job, brief: briefJob(job), sentence };
}

/** A list must not drown its reader: what is big is asked for by job. */
export const slim = (job: JobDescriptor): JobDescriptor => ({
  ...job,
  result: null,
  observed: { ...job.observed, value: null },
});
