import type { CliOptions, Format } from './context.ts';

/** Set, and not to a word that means no. */
const isOn = (value: string | undefined): boolean => value !== undefined && !/^(|0|false|no|off)$/i.test(value);

/** Whether this terminal must not be drawn on: https://no-color.org, and the words of the usual CI systems. */
export const isPlain = (env: NodeJS.ProcessEnv): boolean =>
  Boolean(env['NO_COLOR']) || isOn(env['CI']) || isOn(env['GITHUB_ACTIONS']) || env['TERM'] === 'dumb';

/**
 * What the answer is written as: what `--output` says, else JSON wherever no person reads along (stdout is no terminal, or CI or NO_COLOR
 * is set). Read from the words themselves, so that it is known before anything else can go wrong.
 */
export function formatOf({ argv, env, terminal }: Pick<CliOptions, 'argv' | 'env' | 'terminal'>): Format {
  const asked = / --output[ =](json|jsonl|tsv|text|plain)(?= )/.exec(` ${argv.join(' ')} `)?.[1];
  if (asked === 'plain') return 'text';
  if (asked !== undefined) return asked as Format; // one of the words of the expression
  const person = terminal.stdout && !isOn(env['CI']) && !isOn(env['GITHUB_ACTIONS']) && !env['NO_COLOR'];
  return person ? 'text' : 'json';
}
