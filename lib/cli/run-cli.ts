import { conduct, type Ran } from './conduct.ts';
import { type CliOptions, contextOf, type Invocation } from './context.ts';
import { schemaOf } from './describe-commands.ts';
import { findEndpoint } from './find-endpoint.ts';
import { commonFlags, networkFlags } from './flags.ts';
import { helpOutcome, unknownCommand } from './guide.ts';
import { badArguments, type Outcome, success } from './outcome.ts';
import { formatOf } from './output-format.ts';
import { ownProgram } from './own-program.ts';
import { parseArguments } from './parse-arguments.ts';
import type { Program } from './program.ts';
import { readFlags, readOperands } from './read-flags.ts';

/** Runs one command line of ours, or of another program, and resolves with its exit code, once everything is written. Never throws, prompts or exits. */
export async function runCli(options: CliOptions, another?: Program): Promise<number> {
  const program = another ?? (await ownProgram(options.env, options.argv));
  // A server stops in its own way; every other command ends at once.
  const interruptible = options.argv.find((word) => !word.startsWith('-')) !== 'serve';
  const facts = { tool_version: program.version, interruptible, format: formatOf(options) };
  return conduct(options, facts, (invocation) => run(options, program, invocation));
}

const { schema: _schema, help: _help, version: _version, ...sharedFlags } = commonFlags;

async function run(options: CliOptions, program: Program, invocation: Invocation): Promise<Ran> {
  const { cli_command, commands } = program;
  const parsed = parseArguments(options.argv, program);
  const { command, path } = parsed;
  const ran = (outcome: Outcome): Ran => ({ outcome, command, path });
  if (parsed.raw['version'] === true)
    return { outcome: success({ version: program.version }), command: undefined, path };
  const asked =
    parsed.raw['help'] === true ||
    (command === undefined && parsed.operands.length === 0 && parsed.problems.length === 0);
  if (asked && (command !== undefined || parsed.operands.length === 0))
    return { outcome: helpOutcome(parsed, commands, cli_command), command: undefined, path, help: parsed.help };
  if (command === undefined) return ran(unknownCommand(parsed, commands, cli_command));
  if (parsed.raw['schema'] === true) return { outcome: success(schemaOf(command)), command: undefined, path };

  const flags = { ...command.flags, ...(command.network ? networkFlags : {}), ...sharedFlags };
  const limit = AbortSignal.any([invocation.interrupt, AbortSignal.timeout(30_000)]);
  const read = await readFlags(flags, parsed, { stdin: options.stdin, terminal: options.terminal, signal: limit });
  const { endpoint, problems, warnings } = findEndpoint(read.values, options.env);
  const all = [
    ...parsed.problems,
    ...readOperands(command, parsed.operands),
    ...read.problems,
    ...(command.rules?.(read.given) ?? []),
    ...(command.network
      ? problems
      : Object.keys(networkFlags)
          .filter((name) => name in parsed.raw)
          .map(notHere)),
  ];
  if (invocation.format === 'tsv' && command.table === undefined)
    all.push({ path: '--output', message: 'cannot be tsv here: this answer has no rows' });
  const help = `${cli_command} ${path.join(' ')} --help`;
  if (all.length > 0) return ran(badArguments(all, `See ${help}`, help));

  const { full, quiet, debug } = read.values;
  const wishes = { full: full === true, quiet: quiet === true, debug: debug === true };
  const context = contextOf(options, { program, endpoint, wishes, ...invocation });
  const { operands } = parsed;
  const outcome = await command.run(context, { ...read.values, argument: operands[0] ?? '', operands });
  const told = command.network ? [...warnings, ...outcome.warnings] : outcome.warnings;
  const meta = command.network ? { timeout_ms: endpoint.timeout_ms, ...outcome.meta } : outcome.meta;
  return { ...ran({ ...outcome, warnings: told, meta }), context };
}

const notHere = (name: string) => ({
  path: `--${name}`,
  message: 'is not an option of this command',
  code: 'UNKNOWN_OPTION',
});
