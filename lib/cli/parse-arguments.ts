import { Command as Commander, Option } from 'commander';
import { closestWord } from './closest-word.ts';
import { type Command, spelled } from './command.ts';
import { commonFlags, type Flag, networkFlags } from './flags.ts';
import type { ArgumentProblem } from './outcome.ts';
import type { Program } from './program.ts';

/** What the command line says, before any value is looked at. `true` stands for an option without its value. */
export type Parsed = {
  /** Undefined for the program itself and for a group such as `job`. */
  command: Command | undefined;
  path: readonly string[];
  raw: Record<string, string | string[] | boolean>;
  operands: string[];
  problems: ArgumentProblem[];
  help: string;
};

const optionOf = (name: string, flag: Flag): Option => {
  const spelling = `${flag.short === undefined ? '' : `-${flag.short}, `}--${flag.negated ? 'no-' : ''}${spelled(name)}`;
  const { default: fallback } = flag;
  const told = flag.value === undefined || fallback === undefined ? '' : ` (${fallback} without it)`;
  const option = new Option(
    flag.value === undefined ? spelling : `${spelling} [${flag.value}]`,
    flag.description + told,
  );
  if (flag.many) option.argParser((value: string, list: string[] | undefined) => [...(list ?? []), value]);
  return option;
};

/** The parser only sorts words: values, required flags and unknown words are judged later, all at once. */
function bare(name: string, description: string): Commander {
  return new Commander(name)
    .description(description)
    .helpOption(false)
    .helpCommand(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .configureHelp({ optionTerm: (option) => option.flags.replace('[', '<').replace(']', '>') });
}

const addFlags = (program: Commander, flags: Record<string, Flag>): void => {
  for (const [name, flag] of Object.entries(flags)) program.addOption(optionOf(name, flag));
};

/** Sorts the words of a command line into a command, its raw options and what nobody knows. */
export function parseArguments(
  argv: readonly string[],
  { commands, cli_command, summary, group_summaries }: Program,
): Parsed {
  const parsed: Parsed = { command: undefined, path: [], raw: {}, operands: [], problems: [], help: '' };
  const root = bare(cli_command, summary);
  addFlags(root, { ...commonFlags, ...(commands.some(({ network }) => network) ? networkFlags : {}) });
  const record = (program: Commander, path: readonly string[], command: Command | undefined): void => {
    program.action(() => {
      Object.assign(parsed, {
        command,
        path,
        raw: { ...root.opts(), ...program.opts() },
        help: `${program.helpInformation()}${helpTail(command, cli_command)}`,
      });
      sortWords(parsed, program, root);
    });
  };
  record(root, [], undefined);
  const groups = new Map<string, Commander>();
  for (const command of commands) {
    const [first = '', second] = command.path;
    let parent = root;
    if (second !== undefined) {
      parent = groups.get(first) ?? bare(first, group_summaries[first] ?? '');
      if (!groups.has(first)) {
        groups.set(first, parent);
        root.addCommand(parent);
        record(parent, [first], undefined);
      }
    }
    const program = bare(second ?? first, command.summary);
    if (command.argument !== undefined)
      program.argument(
        `[${command.argument.name}${command.argument.most === undefined ? '' : '...'}]`,
        command.argument.description,
      );
    addFlags(program, command.flags);
    record(program, command.path, command);
    parent.addCommand(program);
  }
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
  root.parse(words, { from: 'user' });
  return parsed;
}

function helpTail(command: Command | undefined, cli_command: string): string {
  if (command === undefined)
    return `\nOf each command: ${cli_command} COMMAND --help, or --schema for its contract as JSON.\n`;
  const shared = Object.keys({ ...(command.network ? networkFlags : {}), ...commonFlags });
  const common = shared.map((name) => `--${spelled(name)}`).join(' ');
  const examples = command.examples.map((example) => `  ${cli_command} ${example}\n`).join('');
  return `\nAlso: ${common}\n\nExamples:\n${examples}`;
}

/** Tells operands from unknown options; the word after an unknown option is taken for its value. */
function sortWords(parsed: Parsed, program: Commander, root: Commander): void {
  const known = [...program.options, ...root.options].flatMap((option) => option.long ?? []);
  const { args } = program;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    if (!/^-./.test(word)) {
      parsed.operands.push(word);
      continue;
    }
    const [flag = word] = word.split('=');
    const meant = closestWord(flag, known);
    parsed.problems.push({
      path: flag,
      message: `is not an option${meant === undefined || meant === flag ? '' : `; did you mean ${meant}?`}`,
      code: 'UNKNOWN_OPTION',
    });
    if (word === flag && i + 1 < args.length && !/^-./.test(args[i + 1] ?? '')) i++;
  }
}
