import { allCommands } from './commands/all-commands.ts';
import { invokedAs } from './invoked-as.ts';
import type { Program } from './program.ts';
import { toolVersion } from './version.ts';

/** `untildone` itself. */
export const ownProgram = (env: NodeJS.ProcessEnv): Program => ({
  summary: 'Takes a long-running job off your hands and tells you, once, how it ended.',
  version: toolVersion,
  cli_command: invokedAs(env),
  commands: allCommands,
  group_summaries: { job: 'Hand over, look at and cancel jobs' },
});
