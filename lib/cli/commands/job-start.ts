import { type Command, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { descriptorSchema } from '../descriptor-schema.ts';
import { codesOfStart } from '../exit-codes.ts';
import { type Flag, jsonObject, switchFlag } from '../flags.ts';
import { handOver } from '../hand-over.ts';
import { type Outcome, success } from '../outcome.ts';
import { renderJobOrJson } from '../render-job.ts';
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

const inDoubt = (idempotency_key: string): string =>
  `It may have been accepted: repeat the same command with --idempotency-key ${idempotency_key} to find out.`;

/** Hands it over, or only says what would come of that. */
async function post(context: Context, payload: 'input' | 'handle', values: Values): Promise<Outcome> {
  const body = bodyOf(payload, values);
  const help = `${context.cli_command} job ${payload === 'input' ? 'start' : 'adopt'} --help`;
  if (values.validate_only) return validated(body, help) ?? success({ effect: 'noop', valid: true });
  if (values.dry_run) return rehearseStart(context, body, help);
  return handOver(context, { body, idempotency_key: values.idempotency_key, inDoubt });
}

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
  render: renderJobOrJson,
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
