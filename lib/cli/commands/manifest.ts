import * as z from 'zod';
import { type Command, defineCommand } from '../command.ts';
import { manifestOf } from '../describe-commands.ts';
import { codesOfLocal } from '../exit-codes.ts';
import { someText } from '../flags.ts';
import { success } from '../outcome.ts';
import { tableOf } from '../plain-text.ts';

const manifestSchema = z.looseObject({
  schema_version: z.string(),
  framework_version: z.string(),
  etag: z.string(),
  commands: z.record(z.string(), z.looseObject({ description: z.string() })),
});

/** Every command with its options, exit codes and schemas, in one answer. */
export const manifest: Command = defineCommand({
  path: ['manifest'],
  summary: 'Print every command with its options, exit codes and output schema',
  danger_level: 'safe',
  flags: {
    etag: {
      schema: someText(128),
      value: 'ETAG',
      description: 'The etag you have; if it still holds, nothing is printed again',
    },
  },
  exit_codes: codesOfLocal,
  output: manifestSchema,
  network: false,
  examples: ['manifest'],
  run: async (context, { etag }) => {
    const made = manifestOf(context.commands, context.cli_command);
    return etag === made.etag ? success(null, { not_modified: true }) : success(made);
  },
  render: (data) =>
    data === null
      ? 'Not modified.'
      : tableOf({
          headings: ['COMMAND', 'WHAT IT DOES'],
          rows: Object.entries(manifestSchema.parse(data).commands).map(([path, { description }]) => [
            path.replaceAll('.', ' '),
            description,
          ]),
        }),
});
