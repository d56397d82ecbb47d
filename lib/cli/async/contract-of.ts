import type { Argument, Command as Commander, Option } from 'commander';
import * as z from 'zod';
import type { Command } from '../command.ts';
import { schemaOf } from '../describe-commands.ts';
import { commonFlags, type Flag } from '../flags.ts';

/** The names that lead to a command, without the program's own. */
export function pathOf(command: Commander): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

/** What `--schema` prints of a command that commander parses: its words as the shell gives them, before the author's own parsing. */
export function contractOf(command: Commander, described: Pick<Command, 'exit_codes' | 'output'>) {
  const words = [
    ...command.registeredArguments.map((argument): [string, Flag] => [argument.name(), flagOfArgument(argument)]),
    ...command.options.map((option): [string, Flag] => [nameOf(option), flagOfOption(option)]),
  ];
  const known = { help: commonFlags.help, ...Object.fromEntries(words) };
  const own = { path: pathOf(command), summary: command.description(), danger_level: 'mutating' as const };
  // Never run: the rest of a command is commander's.
  const never = () => Promise.reject(new Error('commander runs it'));
  const rest = { flags: {}, async: true as const, network: false, examples: [], run: never, render: () => '' };
  return schemaOf({ ...own, ...rest, ...described }, known);
}

const nameOf = (option: Option): string => (option.long ?? option.short ?? '').replace(/^-+/, '');

const listed = (schema: z.ZodType, variadic: boolean): z.ZodType => (variadic ? z.array(schema) : schema);
const oneOf = (choices: readonly string[] | undefined): z.ZodType =>
  choices === undefined ? z.string() : z.enum(choices as [string, ...string[]]);

const flagOfArgument = (argument: Argument): Flag => ({
  schema: listed(oneOf(argument.argChoices), argument.variadic),
  description: argument.description,
  ...(argument.required ? { required: true } : {}),
  ...(argument.defaultValue === undefined ? {} : { default: argument.defaultValue }),
});

const flagOfOption = (option: Option): Flag => ({
  schema: option.isBoolean()
    ? z.boolean()
    : listed(
        option.optional ? z.union([oneOf(option.argChoices), z.boolean()]) : oneOf(option.argChoices),
        option.variadic,
      ),
  description: option.description,
  ...(option.mandatory ? { required: true } : {}),
  ...(option.defaultValue === undefined ? {} : { default: option.defaultValue }),
});
