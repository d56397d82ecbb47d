import { callApi } from '../client.ts';
import { type Command, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { type Descriptor, descriptorSchema } from '../descriptor-schema.ts';
import { codesOfStart, exitCode } from '../exit-codes.ts';
import { type Flag, jsonObject, switchFlag } from '../flags.ts';
import { withOwnCommands } from '../invoked-as.ts';
import { outcomeOfJob } from '../job-outcome.ts';
import { type Outcome, success } from '../outcome.ts';
import { renderJob } from '../render-job.ts';
import { requestFlags, rulesFor } from '../request-flags.ts';
import { shorterJob } from '../stay-brief.ts';
import { rehearsalFlags, rehearseStart, validated } from './dry-run.ts';

type Values = {
  [Name in keyof typeof requestFlags]?: (typeof requestFlags)[Name] extends Flag<infer T> ? T | undefined : never;
} & { payload: Record<string, unknown>; dry_run: boolean; validate_only: boolean };

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
  const body = bodyOf(payload, values);
  if (values.validate_only)
    return validated(body, `${context.cli_command} job start --help`) ?? success({ effect: 'noop', valid: true }, {});
  if (values.dry_run) return rehearseStart(context, body, {});
  const answered = await callApi(context, {
    method: 'POST',
    path: '/v1/jobs',
    headers: { 'idempotency-key': idempotency_key },
    body,
    answer: descriptorSchema,
    unsafe_to_repeat: values.idempotency_key === undefined,
  });
  const meta = { idempotency_key };
  if (answered.ok) {
    const replayed = answered.headers.get('idempotency-replayed') === 'true';
    const job = { ...withOwnCommands(answered.value, context.cli_command), effect: replayed ? 'noop' : 'created' };
    return acceptedOr(job, payload, { ...meta, ...(replayed ? { idempotency_hit: true } : {}) }, context);
  }
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

const renderOrJson = (data: unknown, context: Context): string =>
  renderJob(data, context) || JSON.stringify(data, null, 2);

const handOverFlags = {
  ...requestFlags,
  ...rehearsalFlags,
  validate_only: switchFlag('Judge the form of the request, and call nobody'),
} satisfies Record<string, Flag>;

const definition = {
  danger_level: 'mutating',
  exit_codes: codesOfStart,
  output: descriptorSchema,
  async: true,
  network: true,
  render: renderOrJson,
  shorter: shorterJob,
} as const;

/** Starts a remote job and hands it over. */
export const jobStart: Command = defineCommand({
  ...definition,
  path: ['job', 'start'],
  summary: 'Start a remote job and have it watched until it is done',
  flags: {
    ...handOverFlags,
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
    ...handOverFlags,
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
