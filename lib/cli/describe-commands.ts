import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Command, spelled } from './command.ts';
import { envelopeSchema, envelopeVersion } from './envelope.ts';
import { commonFlags, type Flag, networkFlags, outputWithoutRows } from './flags.ts';
import { toolVersion } from './version.ts';

type JsonSchema = Record<string, unknown>;

const jsonSchemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { target: 'draft-7', io: 'output', unrepresentable: 'any' });

const withoutDialect = ({ $schema: _, ...schema }: JsonSchema): JsonSchema => schema;

const flagsOf = (command: Command): Record<string, Flag> => ({
  ...command.flags,
  ...(command.network ? networkFlags : {}),
  ...commonFlags,
  output: outputOf(command),
});

const outputOf = ({ table }: Command) => (table === undefined ? outputWithoutRows : commonFlags.output);

const spelledFlag = (name: string, flag: Flag): string => `${flag.negated ? 'no-' : ''}${spelled(name)}`;

/** The input, output and exit codes of one command: what `--schema` prints. */
export function schemaOf(command: Command, known = flagsOf(command)): JsonSchema {
  const flags = Object.entries(known);
  const argument = command.argument;
  const properties = Object.fromEntries(
    flags.map(([name, flag]) => [
      spelledFlag(name, flag),
      {
        ...withoutDialect(jsonSchemaOf(flag.schema)),
        description: flag.description,
        ...(flag.default === undefined ? {} : { default: flag.default }),
      },
    ]),
  );
  const required = flags.filter(([, flag]) => flag.required).map(([name]) => spelled(name));
  return {
    command: command.path.join(' '),
    description: command.summary,
    async: command.async ?? false,
    danger_level: command.danger_level,
    input: {
      type: 'object',
      properties: {
        ...(argument === undefined
          ? {}
          : { [argument.name]: { ...argumentSchemaOf(argument), description: argument.description } }),
        ...properties,
      },
      required: [...(argument === undefined ? [] : [argument.name]), ...required],
      additionalProperties: false,
    },
    output: jsonSchemaOf(command.output),
    ...(command.async ? { job_descriptor_schema: jsonSchemaOf(command.output) } : {}),
    exit_codes: command.exit_codes,
    envelope: jsonSchemaOf(envelopeSchema),
  };
}

const argumentSchemaOf = ({ pattern, most }: NonNullable<Command['argument']>): JsonSchema => {
  const one = { type: 'string', pattern };
  return most === undefined ? one : { type: 'array', items: one, minItems: 1, maxItems: most };
};

const flagTypeOf = (flag: Flag, schema: JsonSchema): string => {
  if (flag.many) return 'array';
  if (Array.isArray(schema['enum'])) return 'enum';
  const { type } = schema;
  return flag.json || typeof type !== 'string' ? 'string' : type;
};

const flagEntryOf = (flag: Flag): JsonSchema => {
  const schema = jsonSchemaOf(flag.schema);
  return {
    type: flagTypeOf(flag, schema),
    required: flag.required ?? false,
    description: flag.description,
    ...(flag.default === undefined ? {} : { default: flag.default }),
    ...(flag.short === undefined ? {} : { short: flag.short }),
    ...(Array.isArray(schema['enum']) ? { enum_values: schema['enum'] } : {}),
    ...(typeof schema['pattern'] === 'string' ? { pattern: schema['pattern'] } : {}),
  };
};

const entryOf = (command: Command, cli_command: string): JsonSchema => ({
  description: command.summary,
  danger_level: command.danger_level,
  required_scopes: [],
  flags: Object.fromEntries(
    Object.entries(flagsOf(command)).map(([name, flag]) => [spelledFlag(name, flag), flagEntryOf(flag)]),
  ),
  exit_codes: command.exit_codes,
  output_schema: jsonSchemaOf(command.output),
  output_formats: outputOf(command).schema.options,
  examples: command.examples.map((example) => ({ description: command.summary, command: `${cli_command} ${example}` })),
  option_placement: 'any',
  interactive: false,
  has_network_io: command.network,
  ...(command.network ? { secret_env_vars: ['UNTILDONE_TOKEN'] } : {}),
  ...(command.async ? { async: true, job_descriptor_schema: jsonSchemaOf(command.output) } : {}),
});

/** Every command under its dotted path, with a hash that changes only when one of them does. */
export function manifestOf(commands: readonly Command[], cli_command: string): JsonSchema & { etag: string } {
  const entries = Object.fromEntries(
    commands.map((command) => [command.path.join('.'), entryOf(command, cli_command)]),
  );
  const etag = createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 32);
  return { schema_version: envelopeVersion, framework_version: toolVersion, etag, commands: entries };
}
