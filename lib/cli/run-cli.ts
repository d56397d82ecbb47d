import { randomUUID } from 'node:crypto';
import type { Command } from './command.ts';
import { allCommands } from './commands/all-commands.ts';
import { type CliOptions, type Context, type Format, systemClock } from './context.ts';
import { schemaOf } from './describe-commands.ts';
import { exitCode } from './exit-codes.ts';
import { findEndpoint } from './find-endpoint.ts';
import { commonFlags, networkFlags } from './flags.ts';
import { helpOutcome, unknownCommand } from './guide.ts';
import { invokedAs } from './invoked-as.ts';
import { badArguments, failure, type Outcome, success } from './outcome.ts';
import { formatOf, isPlain } from './output-format.ts';
import { parseArguments } from './parse-arguments.ts';
import { envelopeOf, textOf } from './print-outcome.ts';
import { readFlags, readOperands } from './read-flags.ts';
import { createSigner } from './sign-request.ts';
import { brieflyOr, mostBytesIn } from './stay-brief.ts';
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
  const format = formatOf(options);
  const request_id = `req_${(options.randomId ?? randomUUID)()}`;
  const controller = new AbortController();
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => [name, () => controller.abort(name)] as const);
  // A server stops in its own way; every other command ends at once.
  const listening = options.argv.find((word) => !word.startsWith('-')) !== 'serve';
  if (listening) for (const [name, listener] of listeners) options.signals?.on(name, listener);
  let ran: Ran;
  try {
    ran = await run(options, { request_id, interrupt: controller.signal, format });
  } catch (error) {
    ran = { outcome: unexpected(error), command: undefined, path: [] };
  } finally {
    for (const [name, listener] of listeners) options.signals?.off(name, listener);
  }
  const duration_ms = Math.max(0, Math.round(clock.now() - began));
  const text = asText(options, ran, { format, meta: { duration_ms, request_id, command: ran.path.join(' ') } });
  await written(options.stderr, (ran.help ?? '') + text.stderr);
  return (await written(options.stdout, text.stdout)) ? ran.outcome.exit_code : exitCode.ok;
}

type Facts = { format: Format; meta: Parameters<typeof envelopeOf>[1] };

/** What is written in the end: the envelope, as short as was asked for, or the same for a person. */
function asText({ env }: CliOptions, ran: Ran, { format, meta }: Facts): { stdout: string; stderr: string } {
  const { outcome, command, context } = ran;
  if (format !== 'json' && format !== 'jsonl')
    return ran.help === undefined ? textOf(outcome, command, context, format) : { stdout: '', stderr: '' };
  const size = { full: context?.full ?? false, most_bytes: mostBytesIn(env), hint: hintFor(outcome, ran) };
  return { stdout: `${JSON.stringify(brieflyOr(envelopeOf(outcome, meta), command, size))}\n`, stderr: '' };
}

/** How to get what was left out; a job that was handed over must not be handed over again for that. */
function hintFor({ data }: Outcome, { context }: Ran): string {
  const id = data !== null && !Array.isArray(data) && 'job_id' in data ? String(data['job_id']) : undefined;
  if (id === undefined || context === undefined) return 'All of it: the same command with --full';
  return `All of it: ${context.cli_command} job status ${id} --full`;
}

/** False when the reader has gone (a closed pipe), which is its right. */
const written = (stream: NodeJS.WritableStream, text: string): Promise<boolean> =>
  new Promise((resolve) => {
    if (text === '') return resolve(true);
    stream.once('error', () => resolve(false));
    stream.write(text, (error) => resolve(!error));
  });

const { schema: _schema, help: _help, version: _version, ...sharedFlags } = commonFlags;

async function run(
  options: CliOptions,
  { request_id, interrupt, format }: { request_id: string; interrupt: AbortSignal; format: Format },
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

  const flags = { ...command.flags, ...(command.network ? networkFlags : {}), ...sharedFlags };
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
  if (format === 'tsv' && command.table === undefined)
    all.push({ path: '--output', message: 'cannot be tsv here: this answer has no rows' });
  const help = `${cli_command} ${path.join(' ')} --help`;
  if (all.length > 0) return ran(badArguments(all, `See ${help}`, help));

  const context: Context = {
    env: options.env,
    cli_command,
    endpoint,
    signer: endpoint.signing_region === undefined ? undefined : createSigner(endpoint.signing_region, options.env),
    clock: options.clock ?? systemClock,
    interrupt,
    format,
    full: read.values['full'] === true,
    most_bytes: mostBytesIn(options.env),
    emit: (line) => {
      if (format === 'jsonl') options.stdout.write(`${JSON.stringify(line)}\n`);
    },
    say: read.values['quiet'] === true ? () => undefined : (text) => void options.stderr.write(text),
    debug: read.values['debug'] === true ? (text) => void options.stderr.write(`debug: ${text}\n`) : () => undefined,
    live: options.terminal.stderr && read.values['quiet'] !== true && !isPlain(options.env),
    columns:
      'columns' in options.stderr && typeof options.stderr.columns === 'number' ? options.stderr.columns || 80 : 80,
    request_id,
    randomId: options.randomId ?? randomUUID,
    commands: allCommands,
    serve: options.serve,
    localChecks: options.localChecks,
  };
  const outcome = await command.run(context, {
    ...read.values,
    argument: parsed.operands[0] ?? '',
    operands: parsed.operands,
  });
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
  const suggestion =
    code === 'INTERNAL_ERROR'
      ? 'This is a fault of ours: report it with the command line; a job that was handed over goes on.'
      : 'Mend what the message says, and run the command again.';
  return failure(exitCode.general, { code, message, retryable: false, phase: 'execution', suggestion, ...problems });
}
