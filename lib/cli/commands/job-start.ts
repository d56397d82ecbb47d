import { z } from 'zod';
import { callApi } from '../client.ts';
import { type Command, defineCommand, spelled } from '../command.ts';
import type { Context } from '../context.ts';
import { type Descriptor, descriptorSchema } from '../descriptor-schema.ts';
import { codesOfStart, exitCode } from '../exit-codes.ts';
import { type Flag, jsonObject, pairs, someText, switchFlag, wholeNumber } from '../flags.ts';
import { withOwnCommands } from '../invoked-as.ts';
import { outcomeOfJob } from '../job-outcome.ts';
import { type ArgumentProblem, type Outcome, success } from '../outcome.ts';
import { renderJob } from '../render-job.ts';

const week = 604_800;

const sharedFlags = {
  kind: { schema: someText(63), value: 'KIND', description: 'What sort of job; "kinds" lists them' },
  connection: { schema: someText(64), value: 'NAME', description: 'The named credential to use' },
  name: { schema: someText(256), value: 'TEXT', description: 'What to call the job' },
  expected_seconds: {
    schema: wholeNumber(1, week),
    value: 'SECONDS',
    description: 'How long it usually takes: sets the pace of the checks',
  },
  timeout_seconds: { schema: wholeNumber(1, week), value: 'SECONDS', description: 'When to give up on it' },
  cancel_on_timeout: switchFlag('Cancel the remote job when its time is up'),
  first_check: { schema: z.enum(['now', 'later']), value: 'WHEN', description: 'now or later; for adopted jobs' },
  acceptors: {
    schema: z.array(z.unknown(), 'must be a JSON array'),
    value: 'JSON|@FILE|-',
    json: true,
    description: 'Rules that say which answers end the job',
  },
  paths: {
    schema: jsonObject,
    value: 'JSON|@FILE|-',
    json: true,
    description: 'Where message, progress, result and upstream_state are found',
  },
  label: { schema: pairs, value: 'K=V', many: true, description: 'A label; may be repeated' },
  target: { schema: z.array(someText(64)), value: 'NAME', many: true, description: 'Whom to tell; may be repeated' },
  request: {
    schema: jsonObject,
    value: 'JSON|@FILE|-',
    json: true,
    description: 'The whole request, in place of the options above',
  },
  idempotency_key: {
    schema: z
      .string()
      .regex(/^[\x21\x23-\x7e][\x21-\x7e]{0,254}$/, 'must be 1 to 255 visible ASCII characters, the first no quote'),
    value: 'KEY',
    description: 'The same key and request find the same job; a random one without it',
  },
} satisfies Record<string, Flag>;

/** Either the whole request, or the kind and what to start or adopt. */
const rulesFor =
  (payload: string) =>
  (given: ReadonlySet<string>): ArgumentProblem[] => {
    if (!given.has('request'))
      return ['kind', payload]
        .filter((name) => !given.has(name))
        .map((name) => ({ path: `--${name}`, message: 'is missing; give it, or the whole request with --request' }));
    return [payload, ...Object.keys(sharedFlags)]
      .filter((name) => given.has(name) && name !== 'request' && name !== 'idempotency_key')
      .map((name) => ({
        path: `--${spelled(name)}`,
        message: 'cannot stand beside --request: put it into the request',
      }));
  };

type Values = {
  [Name in keyof typeof sharedFlags]?: (typeof sharedFlags)[Name] extends Flag<infer T> ? T | undefined : never;
} & { payload: Record<string, unknown> };

function bodyOf(payload: string, values: Values): Record<string, unknown> {
  if (values.request !== undefined) return values.request;
  const { kind, connection, name, expected_seconds, timeout_seconds, first_check, acceptors, paths } = values;
  const body = {
    kind,
    connection,
    [payload]: values.payload,
    name,
    expected_seconds,
    timeout_seconds,
    first_check,
    acceptors,
    paths,
  };
  return {
    ...Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)),
    ...(values.cancel_on_timeout ? { cancel_on_timeout: true } : {}),
    ...(values.label === undefined ? {} : { labels: values.label }),
    ...(values.target === undefined ? {} : { announce: { targets: values.target } }),
  };
}

async function post(context: Context, payload: string, values: Values): Promise<Outcome> {
  const idempotency_key = values.idempotency_key ?? context.randomId();
  const answered = await callApi(context, {
    method: 'POST',
    path: '/v1/jobs',
    headers: { 'idempotency-key': idempotency_key },
    body: bodyOf(payload, values),
    answer: descriptorSchema,
    unsafe_to_repeat: values.idempotency_key === undefined,
  });
  const meta = { idempotency_key };
  if (answered.ok) return acceptedOr(withOwnCommands(answered.value, context.cli_command), payload, meta, context);
  const { outcome } = answered;
  return {
    ...outcome,
    meta: { ...outcome.meta, ...meta },
    error: outcome.error && { ...outcome.error, ...adviceOn(outcome, meta) },
  };
}

/** Accepted, unless a job we were to start came back as failed: then nobody should think that it runs. */
function acceptedOr(job: Descriptor, payload: string, meta: Record<string, unknown>, context: Context): Outcome {
  if (payload !== 'input' || job.status !== 'failed') return success(job, meta);
  return { ...outcomeOfJob(job, context), exit_code: exitCode.precondition, meta };
}

/** When no answer came the job may exist all the same: the key finds it. */
const adviceOn = (outcome: Outcome, { idempotency_key }: { idempotency_key: string }) => {
  const codes: number[] = [exitCode.timed_out, exitCode.unavailable, exitCode.interrupted, exitCode.terminated];
  if (!codes.includes(outcome.exit_code) || outcome.error?.retryable) return {};
  return {
    suggestion: `It may have been accepted: repeat the same command with --idempotency-key ${idempotency_key} to find out.`,
  };
};

const definition = {
  danger_level: 'mutating',
  exit_codes: codesOfStart,
  output: descriptorSchema,
  async: true,
  network: true,
  render: renderJob,
} as const;

/** Starts a remote job and hands it over. */
export const jobStart: Command = defineCommand({
  ...definition,
  path: ['job', 'start'],
  summary: 'Start a remote job and have it watched until it is done',
  flags: {
    ...sharedFlags,
    input: {
      schema: jsonObject,
      value: 'JSON|@FILE|-',
      json: true,
      description: 'What to start: the arguments of the kind',
    },
  },
  rules: rulesFor('input'),
  examples: [
    'job start --kind octoperf-scenario --connection octoperf --input \'{"scenarioId":"s-1"}\'',
    'job start --request @job.json --idempotency-key build-42',
  ],
  run: (context, { input, ...values }) => post(context, 'input', { ...values, payload: input ?? {} }),
});

/** Hands over a remote job that somebody else started. */
export const jobAdopt: Command = defineCommand({
  ...definition,
  path: ['job', 'adopt'],
  summary: 'Have a job watched that already runs',
  flags: {
    ...sharedFlags,
    handle: {
      schema: jsonObject,
      value: 'JSON|@FILE|-',
      json: true,
      description: 'The ids of the running job, as its kind names them',
    },
  },
  rules: rulesFor('handle'),
  examples: ['job adopt --kind octoperf-pdf-export --connection octoperf --handle \'{"taskId":"t-1"}\''],
  run: (context, { handle, ...values }) => post(context, 'handle', { ...values, payload: handle ?? {} }),
});
