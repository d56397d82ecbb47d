import * as z from 'zod';
import { callApi } from '../client.ts';
import { type Command, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { codesOfDoctor, exitCode } from '../exit-codes.ts';
import { failure, type Outcome, success } from '../outcome.ts';
import { tableOf } from '../plain-text.ts';

/** An id that nobody has: a cancel of it is refused as unknown by whoever may cancel at all. */
const nobodysJob = `job_${'0'.repeat(26)}`;
/** Refused as invalid by whoever may start, before anything is done. */
const nothing = {};

/** What each command needs, and a call that finds out without doing anything. */
const probes = [
  {
    permission: 'read',
    commands: ['job list', 'job status', 'job wait', 'job events', 'kinds'],
    path: '/v1/jobs?limit=1',
  },
  { permission: 'hand over', commands: ['job start', 'job adopt'], path: '/v1/jobs', body: nothing },
  { permission: 'cancel', commands: ['job cancel'], path: `/v1/jobs/${nobodysJob}/cancel`, body: nothing },
] as const;

const reportSchema = z.looseObject({
  permissions: z.array(z.looseObject({ permission: z.string(), granted: z.boolean(), commands: z.array(z.string()) })),
});

/** Asked and refused for what it says, not for who says it: then the call itself is allowed. */
const grantedBy = ({ exit_code }: Outcome): boolean | undefined => {
  const refused: number[] = [exitCode.auth_required, exitCode.permission_denied];
  if (refused.includes(exit_code)) return false;
  const judged: number[] = [exitCode.bad_arguments, exitCode.not_found];
  return judged.includes(exit_code) ? true : undefined;
};

async function probe(context: Context, { path, ...one }: (typeof probes)[number]): Promise<boolean | Outcome> {
  const call = 'body' in one ? { method: 'POST' as const, body: one.body } : { method: 'GET' as const };
  const answered = await callApi(context, { path, answer: z.unknown(), ...call });
  return answered.ok ? true : (grantedBy(answered.outcome) ?? answered.outcome);
}

/** Which commands this credential may use: asked of the server, without changing anything. */
export const checkPermissions: Command = defineCommand({
  path: ['check-permissions'],
  summary: 'See which commands your credential may use',
  danger_level: 'safe',
  flags: {},
  exit_codes: codesOfDoctor,
  output: reportSchema,
  network: true,
  examples: ['check-permissions'],
  run: async (context) => {
    const permissions = [];
    for (const one of probes) {
      const granted = await probe(context, one);
      if (typeof granted !== 'boolean') return granted;
      permissions.push({ permission: one.permission, granted, commands: [...one.commands], required_scopes: [] });
    }
    const refused = permissions.filter(({ granted }) => !granted);
    if (refused.length === 0) return success({ permissions });
    const error = {
      code: 'PERMISSION_DENIED',
      message: `This credential may not ${refused.map(({ permission }) => permission).join(', nor ')}.`,
      retryable: false,
      phase: 'execution' as const,
      suggestion: 'Ask who runs the server for a credential that may, or see what this one is:',
      fix_command: `${context.cli_command} doctor`,
    };
    return failure(exitCode.permission_denied, error, { permissions });
  },
  render: (data) =>
    tableOf({
      headings: ['', 'PERMISSION', 'COMMANDS'],
      rows: reportSchema
        .parse(data)
        .permissions.map(({ granted, permission, commands }) => [
          granted ? 'yes' : 'NO',
          permission,
          commands.join(', '),
        ]),
    }),
});
