import { closestWord } from './closest-word.ts';
import type { Command } from './command.ts';
import { badArguments, type Outcome, success } from './outcome.ts';
import type { Parsed } from './parse-arguments.ts';

const under = (path: readonly string[], commands: readonly Command[]): Command[] =>
  commands.filter((command) => path.every((word, i) => command.path[i] === word));

/** What `--help` says to a program: the commands below, or where the contract of this one is. The text goes to stderr. */
export function helpOutcome({ path, command }: Parsed, commands: readonly Command[], cli_command: string): Outcome {
  const called = [cli_command, ...path].join(' ');
  const below = under(path, commands).map((one) => one.path.join(' '));
  const data =
    command === undefined
      ? { usage: `${called} COMMAND`, commands: below }
      : { usage: called, schema_command: `${called} --schema` };
  return success(data, { help: true });
}

/** A word that is no command, and the command that was meant; or an option where a command was wanted. */
export function unknownCommand(parsed: Parsed, commands: readonly Command[], cli_command: string): Outcome {
  const { path, operands, problems } = parsed;
  const [word] = operands;
  if (word === undefined) return badArguments(problems, `See ${[cli_command, ...path].join(' ')} --help`);
  const candidates = [...new Set(under(path, commands).flatMap((one) => one.path[path.length] ?? []))];
  const elsewhere = commands.find((one) => one.path.at(-1) === word)?.path.join(' ');
  const near = closestWord(word, candidates);
  const meant = elsewhere ?? (near === undefined ? undefined : [...path, near].join(' '));
  return badArguments(
    [{ path: `"${[...path, word].join(' ')}"`, message: 'is not a command', code: 'UNKNOWN_COMMAND' }],
    meant === undefined
      ? `Commands: ${candidates.join(', ')}. See ${cli_command} --help`
      : `Did you mean: ${cli_command} ${meant}`,
  );
}
