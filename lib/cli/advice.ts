import type { Context } from './context.ts';
import type { EnvelopeError } from './envelope.ts';

/** What to do about an error, for whoever reads it. */
export type Advice = Pick<EnvelopeError, 'suggestion' | 'fix_required' | 'fix_command' | 'retry_strategy'>;

/** A command of this program, runnable as printed; undefined where the program, somebody else's, has none of that name. */
export const runnable = (
  { commands, cli_command }: Pick<Context, 'commands' | 'cli_command'>,
  command: string,
): string | undefined =>
  commands.some(({ path }) => path.join(' ') === command) ? `${cli_command} ${command}` : undefined;

/** Advice, and a command for it where this program has that; `leads` goes from the one to the other, and is left out without it. */
export function advice(
  context: Context,
  { suggestion, leads = '', command }: { suggestion: string; leads?: string; command: string },
): Advice {
  const fix_command = runnable(context, command);
  return fix_command === undefined ? { suggestion } : { suggestion: `${suggestion}${leads}`, fix_command };
}

/** Where the jobs can be listed, or what an id is where they cannot. */
export function listAdvice(context: Context): Advice {
  const fix_command = runnable(context, 'job list');
  return fix_command === undefined
    ? { suggestion: 'Check the id: it is the job_id that the job began with.' }
    : { suggestion: 'List the jobs there are.', fix_command };
}
