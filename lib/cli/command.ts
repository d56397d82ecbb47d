import type { z } from 'zod';
import type { Context } from './context.ts';
import type { ExitCodeEntry } from './exit-codes.ts';
import type { Flag, ValueOf } from './flags.ts';
import type { ArgumentProblem, Outcome } from './outcome.ts';

/** One command, from which the parser, the help, `--schema` and the manifest are all made. */
export type Command = {
  path: readonly string[];
  summary: string;
  danger_level: 'safe' | 'mutating' | 'destructive';
  /** The positional argument, or with `most` up to so many of it; it is required, and its pattern is the command's to check. */
  argument?: { name: string; description: string; pattern: string; most?: number };
  flags: Record<string, Flag>;
  exit_codes: Record<number, ExitCodeEntry>;
  /** What `data` is. */
  output: z.ZodType;
  /** It returns a job descriptor instead of waiting for the end. */
  async?: true;
  /** It calls the API, so that `--endpoint` and `--timeout` apply. */
  network: boolean;
  examples: readonly string[];
  /** What is wrong between the flags; `given` names those on the command line, in their own spelling. */
  rules?: (given: ReadonlySet<string>) => ArgumentProblem[];
  run(context: Context, values: Record<string, unknown>): Promise<Outcome>;
  /** `data` for a person, on a terminal. */
  render(data: unknown, context: Context): string;
  /** `data` as rows, for `--output tsv`; not every answer has rows. */
  table?: (data: unknown) => Table;
  /** How `data` gets shorter, the least missed first; each is tried until it is short enough. */
  shorter?: readonly Shortening[];
};

/** Headings and rows of cells. */
export type Table = { headings: string[]; rows: unknown[][] };

/** Takes something out of `data`; `name` says what, to whom reads `meta.left_out`. */
export type Shortening = { name: string; of(data: Record<string, unknown>): Record<string, unknown> };

type Values<Flags extends Record<string, Flag>> = { [Name in keyof Flags]: ValueOf<Flags[Name]> };

type Definition<Flags extends Record<string, Flag>> = Omit<Command, 'flags' | 'run'> & {
  flags: Flags;
  run(context: Context, values: Values<Flags> & { argument: string; operands: string[] }): Promise<Outcome>;
};

/** Defines a command whose `run` gets its flags' values, typed by their schemas; the positional one is `argument`. */
export function defineCommand<Flags extends Record<string, Flag>>(definition: Definition<Flags>): Command {
  // readFlags gives exactly the values that these flags' schemas let through, so the wider parameter is never seen.
  return { ...definition, run: definition.run as Command['run'] };
}

/** `expected_seconds` → `expected-seconds`. */
export const spelled = (name: string): string => name.replaceAll('_', '-');
