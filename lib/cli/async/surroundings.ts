import type { CliOptions } from '../context.ts';
import { thisProcess } from '../this-process.ts';

/** The process a program runs in. */
export type Surroundings = CliOptions & {
  /** The script that node was given, and node itself. */
  script: string;
  node: string;
  /** Ends the process at once. */
  exit(code: number): never;
  /** Ends it with this code when nothing is left to do. */
  end(code: number): void;
};

/** Those of this process. */
export const surroundings = (): Surroundings => ({
  ...thisProcess(),
  argv: process.argv.slice(2),
  script: process.argv[1] ?? '',
  node: process.execPath,
  exit: (code) => process.exit(code),
  end: (code) => {
    process.exitCode = code;
  },
});
