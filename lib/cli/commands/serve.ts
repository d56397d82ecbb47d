import * as z from 'zod';
import { type Command, defineCommand } from '../command.ts';
import { codesOfServe, exitCode } from '../exit-codes.ts';
import { someText, wholeNumber } from '../flags.ts';
import { failure, success } from '../outcome.ts';

/** Runs the single-machine engine until it is told to stop. */
export const serve: Command = defineCommand({
  path: ['serve'],
  summary: 'Run the single-machine server',
  danger_level: 'mutating',
  flags: {
    host: { schema: someText(253), value: 'HOST', default: '127.0.0.1', description: 'Address to listen on' },
    port: {
      schema: wholeNumber(0, 65_535),
      value: 'PORT',
      default: 4646,
      description: 'Port to listen on, 0 = any free one',
    },
    data_dir: { schema: someText(4096), value: 'DIR', default: '.untildone', description: 'Where the jobs are kept' },
    config: {
      schema: someText(4096),
      value: 'FILE',
      description: 'Configuration; untildone.config.json if there is one',
    },
  },
  exit_codes: codesOfServe,
  output: z.null(),
  network: false,
  examples: ['serve', 'serve --port 8080 --config untildone.config.json'],
  run: async (context, { host, port, data_dir, config }) => {
    if (context.serve === undefined)
      return failure(exitCode.general, {
        code: 'NOT_AVAILABLE',
        message: 'This build of the CLI carries no server.',
        retryable: false,
        phase: 'execution',
        suggestion: 'Run the server from the package untildone, or set UNTILDONE_ENDPOINT to one that runs.',
      });
    const exit = await context.serve({
      host,
      port,
      data_dir,
      config,
      env: context.env,
      cli_command: context.cli_command,
    });
    if (exit === exitCode.ok) return success(null);
    const code = exit === exitCode.configuration ? 'CONFIG_ERROR' : 'SERVE_FAILED';
    const message = `The server ended with exit code ${exit}; stderr says why.`;
    const suggestion = 'Mend what stderr says, and start it again.';
    return { ...failure(exit, { code, message, retryable: false, phase: 'execution', suggestion }), told: true };
  },
  render: () => '',
});
