import type { Context } from './context.ts';
import type { Descriptor } from './descriptor-schema.ts';
import type { ExitCodeEntry } from './exit-codes.ts';
import type { Outcome } from './outcome.ts';

/** A job as it was seen, with commands that run as printed; or why it could not be seen. */
export type Seen = { ok: true; job: Descriptor } | { ok: false; outcome: Outcome };

/** Where a program's jobs are: behind the API, or behind functions of the program's author. Whatever goes wrong is an outcome. */
export type JobSource = {
  /** What a job id looks like; nobody is asked for another. */
  id_pattern: RegExp;
  /** Two, for the examples of the help. */
  example_ids: readonly [string, string];
  /** Jobs are read over the API, so that `--endpoint` and `--timeout` apply. */
  network: boolean;
  /** Beside those that say how a job stands. */
  exit_codes: Record<number, ExitCodeEntry>;
  /** Reads a job once; the answer may be held back for `wait_seconds`, until there is something to say. */
  read(context: Context, job_id: string, wait_seconds: number): Promise<Seen>;
  /** Asks for a job to end, the remote one too if `remote`. */
  cancel(context: Context, job_id: string, wish: { remote: boolean }): Promise<Seen>;
};
