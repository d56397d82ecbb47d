import { randomUUID } from 'node:crypto';
import type { Command } from './command.ts';
import { type CliOptions, type Context, systemClock } from './context.ts';
import { exitCode } from './exit-codes.ts';
import { failure, type Outcome } from './outcome.ts';
import { envelopeOf, textOf } from './print-outcome.ts';

/** What came of one command line; `command` and `context` are there when it got as far as running. */
export type Ran = {
  outcome: Outcome;
  command: Pick<Command, 'render'> | undefined;
  path: readonly string[];
  context?: Context;
  help?: string;
};

/** Who this invocation is: its name in logs, and the signal that SIGINT or SIGTERM aborts, with that name as reason. */
export type Invocation = { request_id: string; interrupt: AbortSignal };

/** Runs one command, writes the one document (or its text for a person) and resolves with the exit code. Never throws, prompts or exits. */
export async function conduct(
  options: CliOptions,
  { tool_version, interruptible }: { tool_version: string; interruptible: boolean },
  run: (invocation: Invocation) => Promise<Ran>,
): Promise<number> {
  const clock = options.clock ?? systemClock;
  const began = clock.now();
  const request_id = `req_${(options.randomId ?? randomUUID)()}`;
  const controller = new AbortController();
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => [name, () => controller.abort(name)] as const);
  if (interruptible) for (const [name, listener] of listeners) options.signals?.on(name, listener);
  let ran: Ran;
  try {
    ran = await run({ request_id, interrupt: controller.signal });
  } catch (error) {
    ran = { outcome: unexpected(error), command: undefined, path: [] };
  } finally {
    for (const [name, listener] of listeners) options.signals?.off(name, listener);
  }
  const duration_ms = Math.max(0, Math.round(clock.now() - began));
  const text = documentOf(options, ran, { duration_ms, request_id, tool_version });
  await written(options.stderr, text.stderr);
  return (await written(options.stdout, text.stdout)) ? ran.outcome.exit_code : exitCode.ok;
}

/** What is written of it: one document for programs, or the text for a person. */
export function documentOf(
  options: Pick<CliOptions, 'argv' | 'terminal'>,
  { outcome, command, context, path, help }: Ran,
  facts: { duration_ms: number; request_id: string; tool_version: string },
): { stdout: string; stderr: string } {
  if (wantsJson(options)) {
    const envelope = envelopeOf(outcome, { ...facts, command: path.join(' ') });
    return { stdout: `${JSON.stringify(envelope)}\n`, stderr: help ?? '' };
  }
  return help === undefined ? textOf(outcome, command, context) : { stdout: '', stderr: help };
}

/** JSON wherever no person reads along, unless told otherwise; known before anything else can go wrong. */
function wantsJson({ argv, terminal }: Pick<CliOptions, 'argv' | 'terminal'>): boolean {
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

/** What an operator must mend keeps its code; everything else is ours to mend. No stack, no cause. */
export function unexpected(error: unknown): Outcome {
  const code =
    error instanceof Error && 'code' in error && /^[A-Z][A-Z0-9_]+$/.test(String(error.code))
      ? String(error.code)
      : 'INTERNAL_ERROR';
  const problems =
    error instanceof Error && 'problems' in error && Array.isArray(error.problems) ? { problems: error.problems } : {};
  const message = error instanceof Error && error.message !== '' ? error.message : 'Something unexpected happened.';
  return failure(exitCode.general, { code, message, retryable: false, phase: 'execution', ...problems });
}
