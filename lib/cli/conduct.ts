import { randomUUID } from 'node:crypto';
import type { Command } from './command.ts';
import { type CliOptions, type Context, type Format, type Invocation, systemClock } from './context.ts';
import { exitCode } from './exit-codes.ts';
import { failure, type Outcome } from './outcome.ts';
import { envelopeOf, textOf } from './print-outcome.ts';
import { brieflyOr, mostBytesIn } from './stay-brief.ts';

/** What came of one command line; `command` and `context` are there when it got as far as running. */
export type Ran = {
  outcome: Outcome;
  command: Pick<Command, 'render' | 'table' | 'shorter'> | undefined;
  path: readonly string[];
  context?: Context;
  help?: string;
};

/** Runs one command, writes the one document (or its text for a person) and resolves with the exit code. Never throws, prompts or exits. */
export async function conduct(
  options: CliOptions,
  { tool_version, interruptible, format }: { tool_version: string; interruptible: boolean; format: Format },
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
    ran = await run({ request_id, format, interrupt: controller.signal });
  } catch (error) {
    ran = { outcome: unexpected(error), command: undefined, path: [] };
  } finally {
    for (const [name, listener] of listeners) options.signals?.off(name, listener);
  }
  const duration_ms = Math.max(0, Math.round(clock.now() - began));
  const text = documentOf(ran, { format, env: options.env, facts: { duration_ms, request_id, tool_version } });
  await written(options.stderr, text.stderr);
  return (await written(options.stdout, text.stdout)) ? ran.outcome.exit_code : exitCode.ok;
}

type Writing = {
  format: Format;
  env: NodeJS.ProcessEnv;
  facts: { duration_ms: number; request_id: string; tool_version: string };
};

/** What is written of it: one document for programs, as short as was asked for, or the text for a person. */
export function documentOf(ran: Ran, { format, env, facts }: Writing): { stdout: string; stderr: string } {
  const { outcome, command, context, path, help } = ran;
  if (format === 'text' || format === 'tsv')
    return help === undefined ? textOf(outcome, ran, format) : { stdout: '', stderr: help };
  const envelope = envelopeOf(outcome, { ...facts, command: path.join(' ') });
  const size = { full: context?.full ?? false, most_bytes: mostBytesIn(env), hint: hintFor(ran) };
  return { stdout: `${JSON.stringify(brieflyOr(envelope, command, size))}\n`, stderr: help ?? '' };
}

/** How to get what was left out; a job that was handed over must not be handed over again for that. */
function hintFor({ outcome: { data }, context }: Ran): string {
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

/** What an operator must mend keeps its code; everything else is ours to mend. No stack, no cause. */
export function unexpected(error: unknown): Outcome {
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
      : 'Mend what the message says before the command is run again.';
  return failure(exitCode.general, { code, message, retryable: false, phase: 'execution', suggestion, ...problems });
}
