import { serve } from './commands/serve.ts';
import { invokedAs } from './invoked-as.ts';
import type { Program } from './program.ts';
import { toolVersion } from './version.ts';

/** `untildone` itself. */
export const ownProgram = async (env: NodeJS.ProcessEnv, argv: readonly string[]): Promise<Program> => ({
  summary: 'Takes a long-running job off your hands and tells you, once, how it ended.',
  version: toolVersion,
  cli_command: invokedAs(env),
  commands: onlyServes(argv) ? [serve] : (await import('./commands/all-commands.ts')).allCommands,
  group_summaries: { job: 'Hand over, look at and cancel jobs' },
});

/** A server that comes back after a crash is in a hurry: with nothing to say of other commands, it does not load them. */
const onlyServes = ([first, ...words]: readonly string[]): boolean =>
  first === 'serve' && words.every((word) => !word.startsWith('-') || /^--(host|port|data-dir|config)(=|$)/.test(word));
