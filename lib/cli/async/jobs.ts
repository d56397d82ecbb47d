import type { Context } from '../context.ts';
import type { ExitCodeEntry } from '../exit-codes.ts';
import type { JobSource } from '../job-source.ts';
import type { Outcome } from '../outcome.ts';

/** Where another program's jobs are, and how one comes to be from what an action returns. */
export type Jobs<Begun> = {
  source: JobSource;
  /** Of the commands that start jobs. */
  start_codes: Record<number, ExitCodeEntry>;
  /** What a variable of the environment is where it is not set. */
  env: NodeJS.ProcessEnv;
  /** Takes what an action returned for a job that has begun, or is to be begun. */
  begin(context: Context, begun: Begun): Promise<Outcome>;
};
