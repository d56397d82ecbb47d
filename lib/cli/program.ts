import type { Command } from './command.ts';

/** A command line: who it is and what it can do. */
export type Program = {
  summary: string;
  version: string;
  /** How it is called again, runnable as printed: no quoting needed. */
  cli_command: string;
  commands: readonly Command[];
  /** Of the groups, such as `job`. */
  group_summaries: Record<string, string>;
};
