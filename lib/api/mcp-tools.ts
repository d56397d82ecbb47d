import * as z from 'zod';
import type { Problem } from '../core/errors.ts';
import { statuses } from '../core/job.ts';
import { readStartRequest, startRequestSchema } from '../core/start-request.ts';
import { getJob } from '../flow/get-job.ts';
import { jobPageSchema } from './answer-schemas.ts';
import type { ApiOptions } from './api-options.ts';
import { descriptorSchema } from './descriptor-schema.ts';
import { idempotencyKeyPattern } from './idempotency-key.ts';
import { cancelAndDescribe, pageOfJobs, startAndDescribe } from './job-operations.ts';
import { briefJob, type ToolAnswer } from './mcp-answers.ts';
import {
  type Annotations,
  answerJob,
  type Given,
  invalidArguments,
  job_id,
  readArguments,
  reads,
  slim,
  type Tool,
} from './mcp-tool.ts';
import { waitingTools } from './mcp-waiting-tools.ts';
import { heldSeconds } from './parameters.ts';
import { cancelRequestSchema, cursor, pageSize } from './request-schemas.ts';

const idempotency_key = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
  .optional()
  .describe(
    'The same key with the same arguments finds the same job, so that a repeat is safe. Without one, one is made.',
  );
const ofOneJob = z.strictObject({ job_id });
const handsOver: Annotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};

const cancelInput = cancelRequestSchema.extend({ job_id });
const listInput = z.strictObject({
  status: z.enum(statuses).optional(),
  kind: z.string().min(1).max(64).optional(),
  limit: pageSize.default(20),
  cursor,
});
const tools = {
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
      answerJob(await getJob(ports, settings, { owner, wait_ms: 0, ...readArguments(ofOneJob, given) })),
  },
  job_cancel: {
    title: 'Cancel a job',
    description:
      'Asks the remote system to end it and watches until it has; with "remote": false only the watching ends.',
    input: cancelInput,
    output: descriptorSchema,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
    run: async (options: ApiOptions, owner: string, given: Given) =>
      answerJob(await cancelAndDescribe(options, { owner, ...readArguments(cancelInput, given) })),
  },
  job_list: {
    title: 'List your jobs',
    description: 'Newest first, without results and remote answers: job_get has those.',
    input: listInput,
    output: jobPageSchema,
    annotations: reads,
    run: async (options, owner, given) => {
      const { items, ...page } = await pageOfJobs(options, { owner, ...readArguments(listInput, given) });
      return {
        structured: { items: items.map(slim), ...page },
        brief: { items: items.map(briefJob), ...page },
        sentence: page.has_more ? 'There are more: go on from next_cursor.' : 'These are all.',
      };
    },
  },
} satisfies Record<string, Tool>;

/** All tools, where an answer is held `longest_wait_seconds` at most. */
const toolsFor = (longest_wait_seconds: number): Record<string, Tool> => {
  const { job_wait, job_events } = waitingTools(longest_wait_seconds);
  const { job_start, job_adopt, job_get, ...others } = tools;
  return { job_start, job_adopt, job_get, job_wait, ...others, job_events };
};

type ObjectSchema = { type: 'object'; [key: string]: unknown };
type Listed = {
  name: string;
  title: string;
  description: string;
  inputSchema: ObjectSchema;
  outputSchema: ObjectSchema;
  annotations: Annotations;
};
/** The tools of one server: `list` as `tools/list` shows them, `named` undefined when there is none. */
export type Toolbox = { list(): Listed[]; named(name: string): Tool | undefined };

/** Makes the tools; what is listed is made once, when first asked for. */
export function createToolbox({
  longest_wait_seconds = heldSeconds.maximum,
}: Pick<ApiOptions, 'longest_wait_seconds'>): Toolbox {
  const all = toolsFor(longest_wait_seconds);
  let listed: Listed[] | undefined;
  const show = (): Listed[] =>
    Object.entries(all).map(([name, { title, description, input, output, annotations }]) => ({
      name,
      title,
      description,
      inputSchema: jsonSchemaOf(input, 'input'),
      outputSchema: jsonSchemaOf(output, 'output'),
      annotations,
    }));
  return {
    list: () => {
      listed ??= show();
      return listed;
    },
    named: (name) => (Object.hasOwn(all, name) ? all[name] : undefined),
  };
}

/** JSON Schema 2020-12; every tool takes and answers an object. */
const jsonSchemaOf = (schema: z.ZodType, io: 'input' | 'output'): ObjectSchema => ({
  ...z.toJSONSchema(schema, { target: 'draft-2020-12', io }),
  type: 'object',
});

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
    throw invalidArguments([...problems, ...(rest.ok ? [] : rest.problems)]);
  }
  const job = await startAndDescribe(options, { owner, idempotency_key: key, body });
  const told = options.settings.targets.length > 0;
  return {
    ...answerJob(job),
    ...(told && !job.terminal ? { sentence: 'It is watched. You will be told; do not poll.' } : {}),
  };
}
