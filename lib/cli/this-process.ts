import type { CliOptions } from './context.ts';

/** What the CLI touches, of the process it runs in. */
export const thisProcess = (): Omit<CliOptions, 'argv'> => ({
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  terminal: { stdin: process.stdin.isTTY, stdout: process.stdout.isTTY, stderr: process.stderr.isTTY },
  signals: process,
});
