import type * as z from 'zod';
import { problemsOf } from '../../core/problems.ts';
import { startRequestSchema } from '../../core/start-request.ts';
import { callApi } from '../client.ts';
import type { Context } from '../context.ts';
import { type Flag, switchFlag } from '../flags.ts';
import { badArguments, type Outcome, success } from '../outcome.ts';
import { kindsSchema } from './kinds.ts';

/** Look before leaping: nothing is written, started or cancelled. */
export const rehearsalFlags = {
  dry_run: switchFlag('Say what would happen, and do nothing'),
} satisfies Record<string, Flag>;

/** Judges a request by its form alone, without asking anybody. */
export function validated(body: Record<string, unknown>, help: string): Outcome | undefined {
  const read = startRequestSchema.safeParse(body);
  if (read.success) return undefined;
  const problems = problemsOf(read.error as z.ZodError).map(({ path, message }) => ({
    path: path || 'request',
    message,
  }));
  return badArguments(problems, `See ${help}`, help);
}

/** What a hand-over would do: its form, and whether the server knows its kind. Nothing is called but a list of kinds. */
export async function rehearseStart(context: Context, body: Record<string, unknown>, help: string): Promise<Outcome> {
  const wrong = validated(body, help);
  if (wrong !== undefined) return wrong;
  const answered = await callApi(context, { method: 'GET', path: '/v1/kinds', answer: kindsSchema });
  if (!answered.ok) return answered.outcome;
  const { kind, connection, name = null } = body;
  const known = answered.value.kinds.map((one) => one.name);
  if (!known.includes(String(kind)))
    return badArguments(
      [{ path: 'kind', message: `is none that the server knows: ${known.join(', ')}` }],
      'The kinds there are, and what they take:',
      `${context.cli_command} kinds`,
    );
  const would_create = { kind, connection, name, starts: body['input'] !== undefined };
  return success({ effect: 'created', dry_run: true, would_create, would_affect: [would_create] });
}
