import * as z from 'zod';
import { callApi } from '../client.ts';
import { type Command, defineCommand } from '../command.ts';
import type { Context, DoctorCheck } from '../context.ts';
import { jobPageSchema } from '../descriptor-schema.ts';
import { codesOfDoctor, exitCode } from '../exit-codes.ts';
import { switchFlag } from '../flags.ts';
import { failure, type Outcome, success } from '../outcome.ts';
import { tableOf } from '../plain-text.ts';
import type { Identity } from '../sign-request.ts';
import { cut } from '../stay-brief.ts';

const checkSchema = z.looseObject({
  name: z.string(),
  ok: z.boolean(),
  message: z.string(),
  fix_command: z.string().optional(),
});
const reportSchema = z.looseObject({ checks: z.array(checkSchema) });
const healthSchema = z.looseObject({ ok: z.boolean(), version: z.string().optional(), engine: z.string().optional() });

const failed = (name: string, { error }: Outcome): DoctorCheck => ({
  name,
  ok: false,
  message: [error?.message, error?.suggestion ?? error?.fix_required].filter(Boolean).join(' '),
  ...(error?.fix_command === undefined ? {} : { fix_command: error.fix_command }),
});

/** `aws sts get-caller-identity` would need a call of AWS, and says the rest. */
function described({ region, access_key, temporary, account }: Identity, { env }: Context): string {
  const profile = env['AWS_PROFILE'];
  const of = [profile && `profile ${profile}`, account && `account ${account}`].filter(Boolean).join(', ');
  return `signs for ${region} with ${temporary ? 'temporary ' : ''}access key ${access_key}${of === '' ? '' : ` (${of})`}; its name: aws sts get-caller-identity`;
}

/** Identity, endpoint, then authorisation, then what the server checks itself; stops at the first that makes the rest pointless. */
async function lookAround(
  context: Context,
  send_test: boolean,
): Promise<{ checks: DoctorCheck[]; trouble?: Outcome; notes: string[] }> {
  const checks: DoctorCheck[] = [...((await context.localChecks?.()) ?? [])];
  const notes: string[] = [];
  const health = await callApi(context, { method: 'GET', path: '/health', answer: healthSchema });
  const answered = health.ok || health.outcome.error?.['http_status'] !== undefined;
  if (!health.ok && !answered && health.outcome.exit_code === exitCode.auth_required) {
    // Nothing was sent: there was nothing to sign with.
    checks.push(failed('identity', health.outcome));
    return { checks, notes, trouble: health.outcome };
  }
  // Known by now, and told without waiting: the call above has signed with it.
  const identity = answered ? await context.signer?.identity() : undefined;
  if (identity?.ok) checks.push({ name: 'identity', ok: true, message: described(identity.value, context) });
  if (health.ok) {
    const { version = '?', engine = '?', ok } = health.value;
    checks.push({
      name: 'endpoint',
      ok,
      message: `${context.endpoint.url}: engine ${engine}, version ${version}${ok ? '' : ', not healthy'}`,
    });
  } else {
    checks.push(failed('endpoint', health.outcome));
    // A server may guard its health as well; only one that cannot be talked to ends the search.
    const exits: number[] = [exitCode.auth_required, exitCode.permission_denied];
    if (!exits.includes(health.outcome.exit_code)) return { checks, notes, trouble: health.outcome };
  }
  const list = await callApi(context, { method: 'GET', path: '/v1/jobs', query: { limit: 1 }, answer: jobPageSchema });
  if (!list.ok) {
    checks.push(failed('auth', list.outcome));
    return { checks, notes };
  }
  const how =
    context.endpoint.token !== undefined ? 'with UNTILDONE_TOKEN' : context.signer ? 'signed' : 'without a token';
  checks.push({ name: 'auth', ok: true, message: `accepted ${how}` });
  const report = await callApi(context, {
    method: 'POST',
    path: '/v1/doctor',
    body: { send_test },
    answer: reportSchema,
  });
  if (report.ok) checks.push(...report.value.checks);
  else if (report.outcome.error?.['http_status'] === 404)
    notes.push('This server does not check its connections and targets for us.');
  else checks.push(failed('server checks', report.outcome));
  return { checks, notes };
}

const withWords = (data: unknown, most: { passed: number; failed: number }) => ({
  checks: reportSchema
    .parse(data)
    .checks.map((check) => ({ ...check, message: cut(check.message, check.ok ? most.passed : most.failed) })),
});
const onlyFailed = ({ checks }: { checks: DoctorCheck[] }) => ({ checks: checks.filter((check) => !check.ok) });

/** Looks for what keeps this CLI, the server, its connections and targets from working. */
export const doctor: Command = defineCommand({
  path: ['doctor'],
  summary: 'Check the endpoint, the authorisation, every connection and every target',
  danger_level: 'safe',
  flags: { send_test: switchFlag('Send a test announcement to every target') },
  exit_codes: codesOfDoctor,
  output: reportSchema,
  network: true,
  examples: ['doctor', 'doctor --send-test'],
  run: async (context, { send_test }) => {
    const { checks, notes, trouble } = await lookAround(context, send_test);
    const bad = checks.filter((check) => !check.ok);
    if (trouble?.error) return { ...trouble, data: { checks }, warnings: notes };
    if (bad.length === 0) return { ...success({ checks }), warnings: notes };
    const names = bad.map((check) => check.name).join(', ');
    const [fix_command] = bad.flatMap((check) => check.fix_command ?? []);
    const error = {
      code: 'CHECK_FAILED',
      message: `${bad.length} of ${checks.length} checks failed: ${names}.`,
      retryable: false,
      phase: 'execution' as const,
      suggestion: 'Mend what data.checks says of each, and run doctor again.',
      ...(fix_command === undefined ? {} : { fix_command }),
    };
    return { ...failure(exitCode.general, error, { checks }), warnings: notes };
  },
  render: (data) =>
    tableOf({
      headings: ['', 'CHECK', 'WHAT WAS SEEN'],
      rows: reportSchema
        .parse(data)
        .checks.map((check) => [
          check.ok ? 'ok' : 'FAILS',
          check.name,
          `${check.message}${check.fix_command === undefined ? '' : ` → ${check.fix_command}`}`,
        ]),
    }),
  shorter: [
    { name: 'the words of checks that passed', of: (data) => withWords(data, { passed: 0, failed: 400 }) },
    {
      name: 'checks that passed, and the end of long words',
      of: (data) => onlyFailed(withWords(data, { passed: 0, failed: 160 })),
    },
  ],
});
