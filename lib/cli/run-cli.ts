import { randomUUID } from 'node:crypto';
import type { Command } from './command.ts';
import { allCommands } from './commands/all-commands.ts';
import { type CliOptions, type Context, systemClock } from './context.ts';
import { schemaOf } from './describe-commands.ts';
import { exitCode } from './exit-codes.ts';
import { findEndpoint } from './find-endpoint.ts';
import { commonFlags, networkFlags } from './flags.ts';
import { helpOutcome, unknownCommand } from './guide.ts';
import { invokedAs } from './invoked-as.ts';
import { badArguments, failure, type Outcome, success } from './outcome.ts';
import { parseArguments } from './parse-arguments.ts';
import { envelopeOf, textOf } from './print-outcome.ts';
import { readFlags, readOperands } from './read-flags.ts';
import { createSigner } from './sign-request.ts';
import { toolVersion } from './version.ts';

type Ran = {
  outcome: Outcome;
  command: Command | undefined;
  path: readonly string[];
  context?: Context;
  help?: string;
};

/** Runs one command line and resolves with its exit code, once everything is written. Never throws, prompts or exits. */
export async function runCli(options: CliOptions): Promise<number> {
  const clock = options.clock ?? systemClock;
  const began = clock.now();
  const request_id = `req_${(options.randomId ?? randomUUID)()}`;
  const controller = new AbortController();
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => [name, () => controller.abort(name)] as const);
  // A server stops in its own way; every other command ends at once.
  const listening = options.argv.find((word) => !word.startsWith('-')) !== 'serve';
  if (listening) for (const [name, listener] of listeners) options.signals?.on(name, listener);
  let ran: Ran;
  try {
    ran = await run(options, { request_id, interrupt: controller.signal });
  } catch (error) {
    ran = { outcome: unexpected(error), command: undefined, path: [] };
  } finally {
    for (const [name, listener] of listeners) options.signals?.off(name, listener);
  }
  const { outcome, command, context } = ran;
  const json = wantsJson(options);
  const duration_ms = Math.max(0, Math.round(clock.now() - began));
  const meta = { duration_ms, request_id, command: ran.path.join(' ') };
  const text = json
    ? { stdout: `${JSON.stringify(envelopeOf(outcome, meta))}\n`, stderr: '' }
    : ran.help === undefined
      ? textOf(outcome, command, context)
      : { stdout: '', stderr: '' };
  await written(options.stderr, (ran.help ?? '') + text.stderr);
  return (await written(options.stdout, text.stdout)) ? outcome.exit_code : exitCode.ok;
}

/** JSON wherever no person reads along, unless told otherwise; known before anything else can go wrong. */
function wantsJson({ argv, terminal }: CliOptions): boolean {
  const words = argv.join(' ');
  if (/(^| )--output[ =]json( |$)/.test(words)) return true;
  return /(^| )--output[ =]text( |$)/.test(words) ? false : !terminal.stdout;
}

/** False when the reader has gone (a closed pipe), which is its right. */
const written = (stream: NodeJS.WritableStream, text: string): Promise<boolean> =>
  new Promise((resolve) => {
    if (text === '') return resolve(true);
    stream.once('error', () => resolve(false));
    stream.write(text, (error) => resolve(!error));
  });

async function run(
  options: CliOptions,
  { request_id, interrupt }: { request_id: string; interrupt: AbortSignal },
): Promise<Ran> {
  const cli_command = invokedAs(options.env);
  const parsed = parseArguments(options.argv, allCommands, cli_command);
  const { command, path } = parsed;
  const ran = (outcome: Outcome): Ran => ({ outcome, command, path });
  if (parsed.raw['version'] === true) return { outcome: success({ version: toolVersion }), command: undefined, path };
  const asked =
    parsed.raw['help'] === true ||
    (command === undefined && parsed.operands.length === 0 && parsed.problems.length === 0);
  if (asked && (command !== undefined || parsed.operands.length === 0))
    return { outcome: helpOutcome(parsed, allCommands, cli_command), command: undefined, path, help: parsed.help };
  if (command === undefined) return ran(unknownCommand(parsed, allCommands, cli_command));
  if (parsed.raw['schema'] === true) return { outcome: success(schemaOf(command)), command: undefined, path };

  const flags = { ...command.flags, ...(command.network ? networkFlags : {}), output: commonFlags.output };
  const limit = AbortSignal.any([interrupt, AbortSignal.timeout(30_000)]);
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
  const help = `${cli_command} ${path.join(' ')} --help`;
  if (all.length > 0) return ran(badArguments(all, `See ${help}`));

  const context: Context = {
    env: options.env,
    cli_command,
    endpoint,
    signer: endpoint.signing_region === undefined ? undefined : createSigner(endpoint.signing_region, options.env),
    clock: options.clock ?? systemClock,
    interrupt,
    say: (text) => void options.stderr.write(text),
    live: options.terminal.stderr && !options.env['NO_COLOR'] && !options.env['CI'] && options.env['TERM'] !== 'dumb',
    columns:
      'columns' in options.stderr && typeof options.stderr.columns === 'number' ? options.stderr.columns || 80 : 80,
    request_id,
    randomId: options.randomId ?? randomUUID,
    commands: allCommands,
    stdin: options.stdin,
    serve: options.serve,
    connect: options.connect,
    localChecks: options.localChecks,
  };
  const outcome = await command.run(context, { ...read.values, argument: parsed.operands[0] ?? '' });
  const told = command.network ? [...warnings, ...outcome.warnings] : outcome.warnings;
  const meta = command.network ? { timeout_ms: endpoint.timeout_ms, ...outcome.meta } : outcome.meta;
  return { ...ran({ ...outcome, warnings: told, meta }), context };
}

const notHere = (name: string) => ({
  path: `--${name}`,
  message: 'is not an option of this command',
  code: 'UNKNOWN_OPTION',
});

/** What an operator must mend keeps its code; everything else is ours to mend. No stack, no cause. */
function unexpected(error: unknown): Outcome {
  const code =
    error instanceof Error && 'code' in error && /^[A-Z][A-Z0-9_]+$/.test(String(error.code))
      ? String(error.code)
      : 'INTERNAL_ERROR';
  const problems =
    error instanceof Error && 'problems' in error && Array.isArray(error.problems) ? { problems: error.problems } : {};
  const message = error instanceof Error && error.message !== '' ? error.message : 'Something unexpected happened.';
  return failure(exitCode.general, { code, message, retryable: false, phase: 'execution', ...problems });
}
