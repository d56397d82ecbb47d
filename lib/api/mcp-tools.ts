import { z } from 'zod';
import type { JobDescriptor } from '../core/descriptor.ts';
import { type Problem, RequestError } from '../core/errors.ts';
import { statuses } from '../core/job.ts';
import { problemsOf } from '../core/problems.ts';
import { readStartRequest, startRequestSchema } from '../core/start-request.ts';
import { getJob } from '../flow/get-job.ts';
import { listEvents } from '../flow/list-events.ts';
import { eventPageSchema, jobPageSchema } from './answer-schemas.ts';
import type { ApiOptions } from './api-options.ts';
import { descriptorSchema } from './descriptor-schema.ts';
import { idempotencyKeyPattern } from './idempotency-key.ts';
import { cancelAndDescribe, pageOfJobs, startAndDescribe } from './job-operations.ts';
import { briefJob, type ToolAnswer } from './mcp-answers.ts';
import { cancelRequestSchema, cursor, pageSize, waitSeconds } from './request-schemas.ts';

type Given = Record<string, unknown>;
type Annotations = { readOnlyHint: boolean; destructiveHint: boolean; idempotentHint: boolean; openWorldHint: boolean };

/** One tool: what it is called with, what it answers, and what it does. `hands_over`: an idempotency key goes with every call. */
type Tool = {
  title: string;
  description: string;
  input: z.ZodType;
  output: z.ZodType;
  annotations: Annotations;
  hands_over?: true;
  /** Throws RequestError. */
  run(options: ApiOptions, owner: string, given: Given): Promise<ToolAnswer>;
};

const idempotency_key = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
  .optional()
  .describe(
    'The same key with the same arguments finds the same job, so that a repeat is safe. Without one, one is made.',
  );
const job_id = z.string().describe('As job_start, job_adopt or job_list gave it.');
const ofOneJob = z.strictObject({ job_id });
const reads: Annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const handsOver: Annotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};

const waitInput = z.strictObject({ job_id, wait_seconds: waitSeconds.default(25) });
const cancelInput = cancelRequestSchema.extend({ job_id });
const listInput = z.strictObject({
  status: z.enum(statuses).optional(),
  kind: z.string().min(1).max(64).optional(),
  limit: pageSize.default(20),
  cursor,
});
const eventsInput = z.strictObject({ cursor, limit: pageSize.default(20), wait_seconds: waitSeconds.default(0) });

const tools: Record<string, Tool> = {
  job_start: {
    title: 'Start a job and hand it over',
    description:
      'Starts a remote job and watches it until it is done. "input" is what its kind needs: values, or for http, http-lro and mcp-tool the calls themselves.',
    input: startRequestSchema.omit({ handle: true }).required({ input: true }).extend({ idempotency_key }),
    output: descriptorSchema,
    annotations: handsOver,
    hands_over: true,
    run: (options, owner, given) =>
      handOver(options, owner, given, { takes: 'input', other: 'handle', instead: 'job_adopt' }),
  },
  job_adopt: {
    title: 'Hand over a job that already runs',
    description:
      'Watches a remote job that somebody started until it is done. "handle" is what its kind needs to find it: ids, or for http, http-lro and mcp-tool the calls themselves.',
    input: startRequestSchema.omit({ input: true }).required({ handle: true }).extend({ idempotency_key }),
    output: descriptorSchema,
    annotations: handsOver,
    hands_over: true,
    run: (options, owner, given) =>
      handOver(options, owner, given, { takes: 'handle', other: 'input', instead: 'job_start' }),
  },
  job_get: {
    title: 'Read a job',
    description: 'The job as it stands. A running job is no error, and neither is one that failed.',
    input: ofOneJob,
    output: descriptorSchema,
    annotations: reads,
    run: async ({ ports, settings }, owner, given) =>
      answerJob(await getJob(ports, settings, { owner, wait_ms: 0, ...read(ofOneJob, given) })),
  },
  job_wait: {
    title: 'Wait for a job',
    description:
      'Holds the answer until the job has ended, is blocked or is failing, at most wait_seconds; then it says where it stands.',
    input: waitInput,
    output: descriptorSchema,
    annotations: reads,
    run: async ({ ports, settings }, owner, given) => {
      const { job_id, wait_seconds } = read(waitInput, given);
      return answerJob(await getJob(ports, settings, { owner, job_id, wait_ms: wait_seconds * 1000 }));
    },
  },
  job_cancel: {
    title: 'Cancel a job',
    description:
      'Asks the remote system to end it and watches until it has; with "remote": false only the watching ends.',
    input: cancelInput,
    output: descriptorSchema,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
    run: async (options, owner, given) =>
      answerJob(await cancelAndDescribe(options, { owner, ...read(cancelInput, given) })),
  },
  job_list: {
    title: 'List your jobs',
    description: 'Newest first, without results and remote answers: job_get has those.',
    input: listInput,
    output: jobPageSchema,
    annotations: reads,
    run: async (options, owner, given) => {
      const { items, ...page } = await pageOfJobs(options, { owner, ...read(listInput, given) });
      return {
        structured: { items: items.map(slim), ...page },
        brief: { items: items.map(briefJob), ...page },
        sentence: page.has_more ? 'There are more: go on from next_cursor.' : 'These are all.',
      };
    },
  },
  job_events: {
    title: 'Read your inbox',
    description:
      'What happened to your jobs, oldest first, at least once and never skipping one; remember next_cursor.',
    input: eventsInput,
    output: eventPageSchema,
    annotations: reads,
    run: async ({ ports, settings }, owner, given) => {
      const { cursor = null, limit, wait_seconds } = read(eventsInput, given);
      const { events, ...page } = await listEvents(ports, settings, {
        owner,
        cursor,
        limit,
        wait_ms: wait_seconds * 1000,
      });
      return {
        structured: { events: events.map((event) => ({ ...event, data: slim(event.data) })), ...page },
        brief: { events: events.map(({ event_id, type, data }) => ({ event_id, type, job: briefJob(data) })), ...page },
        sentence: page.has_more
          ? 'There are more: go on from next_cursor.'
          : 'These are all so far; go on from next_cursor later.',
      };
    },
  },
};

/** The tool of this name; undefined when there is none. */
export const toolNamed = (name: string): Tool | undefined => (Object.hasOwn(tools, name) ? tools[name] : undefined);

type ObjectSchema = { type: 'object'; [key: string]: unknown };
type Listed = {
  name: string;
  title: string;
  description: string;
  inputSchema: ObjectSchema;
  outputSchema: ObjectSchema;
  annotations: Annotations;
};
let listed: Listed[] | undefined;

/** All tools as `tools/list` shows them: made once, when first asked for. */
export function listedTools(): Listed[] {
  listed ??= Object.entries(tools).map(([name, { title, description, input, output, annotations }]) => ({
    name,
    title,
    description,
    inputSchema: jsonSchemaOf(input, 'input'),
    outputSchema: jsonSchemaOf(output, 'output'),
    annotations,
  }));
  return listed;
}

/** JSON Schema 2020-12; every tool takes and answers an object. */
const jsonSchemaOf = (schema: z.ZodType, io: 'input' | 'output'): ObjectSchema => ({
  ...z.toJSONSchema(schema, { target: 'draft-2020-12', io }),
  type: 'object',
});

/** Reads arguments by their schema: every problem at once. Throws RequestError INVALID_REQUEST. */
function read<Schema extends z.ZodType>(schema: Schema, given: Given): z.infer<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalid(problemsOf(parsed.error));
}

const invalid = (problems: Problem[]): RequestError =>
  new RequestError('INVALID_REQUEST', `the arguments have ${problems.length} problem(s)`, { problems });

type Side = { takes: 'input' | 'handle'; other: 'input' | 'handle'; instead: string };

/** Everything but the key goes to flow unread: it tells every problem, as it does over HTTP. */
async function handOver(options: ApiOptions, owner: string, given: Given, side: Side): Promise<ToolAnswer> {
  const { idempotency_key: key, ...body } = given;
  const problems: Problem[] = [];
  if (typeof key !== 'string' || !idempotencyKeyPattern.test(key))
    problems.push({ path: 'idempotency_key', message: 'must be 1 to 255 visible ASCII characters' });
  if (body[side.other] !== undefined)
    problems.push({ path: side.other, message: `is for ${side.instead}; this tool takes "${side.takes}"` });
  if (problems.length > 0 || typeof key !== 'string') {
    const rest = readStartRequest(body, options.settings);
    throw invalid([...problems, ...(rest.ok ? [] : rest.problems)]);
  }
  const job = await startAndDescribe(options, { owner, idempotency_key: key, body });
  const told = options.settings.targets.length > 0;
  return {
    ...answerJob(job),
    ...(told && !job.terminal ? { sentence: 'It is watched. You will be told; do not poll.' } : {}),
  };
}

/** One job, and when to ask again. */
function answerJob(job: JobDescriptor): ToolAnswer {
  const seconds = Math.ceil(job.poll_interval_ms / 1000);
  const sentence = job.terminal
    ? 'It has ended; nothing more will happen to it.'
    : job.phase === 'blocked'
      ? 'It waits for a person: tell them what it wants.'
      : `It still runs: ask again in ${seconds} s, job_wait holds the answer for you; better, do not poll and read job_events later.`;
  return { structured: job, brief: briefJob(job), sentence };
}

/** A list must not drown its reader: what is big is asked for by job. */
const slim = (job: JobDescriptor): JobDescriptor => ({
  ...job,
  result: null,
  observed: { ...job.observed, value: null },
});
