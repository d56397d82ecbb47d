import type { Context } from './context.ts';
import type { EnvelopeError } from './envelope.ts';

/** What to do about an error, for whoever reads it. */
export type Advice = Pick<EnvelopeError, 'suggestion' | 'fix_required' | 'fix_command' | 'retry_strategy'>;

/**
 * Advice, and a command for it where this program has that: another program's CLI has no `doctor`. `leads` goes from the one
 * to the other, and is left out without it.
 */
export function advice(
  { commands, cli_command }: Pick<Context, 'commands' | 'cli_command'>,
  { suggestion, leads = '', command }: { suggestion: string; leads?: string; command: string },
): Pick<EnvelopeError, 'suggestion' | 'fix_command'> {
  const has = commands.some(({ path }) => path.join(' ') === command);
  return has ? { suggestion: `${suggestion}${leads}`, fix_command: `${cli_command} ${command}` } : { suggestion };
}

/** Where the jobs can be listed, or what an id is where they cannot. */
export const listAdvice = (context: Context): Advice => {
  const { suggestion, fix_command } = advice(context, {
    suggestion: 'Check the id: it is the job_id that the hand-over was answered with.',
    command: 'job list',
  });
  return fix_command === undefined ? { suggestion } : { suggestion: 'List the jobs there are.', fix_command };
};
