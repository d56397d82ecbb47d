import { interrupted } from '../answer-failures.ts';
import type { Ran } from '../conduct.ts';
import { type Context, contextOf, type Invocation, type Wishes } from '../context.ts';
import { exitCode } from '../exit-codes.ts';
import { findEndpoint } from '../find-endpoint.ts';
import { networkFlags } from '../flags.ts';
import { badArguments, failure, type Outcome } from '../outcome.ts';
import type { Program } from '../program.ts';
import { renderJob } from '../render-job.ts';
import { shorterJob } from '../stay-brief.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { StartRejected } from './async-job.ts';
import type { Jobs } from './jobs.ts';
import type { Surroundings } from './surroundings.ts';

/** One call of an action, in the program that it belongs to. */
type Beginning<Begun> = {
  program: Program;
  path: readonly string[];
  jobs: Jobs<Begun>;
  act: () => Promise<Begun | StartRejected> | Begun | StartRejected;
  wishes: Wishes;
};

/** What one call of untildone may take, as in its own CLI. */
const limits = { timeout: networkFlags.timeout.default, connect_timeout: networkFlags.connect_timeout.default };

/** Calls the action, once, and makes a job of what it returns: its descriptor, or why there is none. */
export async function beginJob<Begun>(
  around: Surroundings,
  { program, path, jobs, act, wishes }: Beginning<Begun>,
  invocation: Invocation,
): Promise<Ran> {
  const env = { ...jobs.env, ...around.env };
  const { endpoint, problems, warnings } = findEndpoint(limits, env);
  const { network } = jobs.source;
  // Before the action: what it begins must not be lost for want of a place to hand it to.
  if (network && problems.length > 0)
    return { outcome: badArguments(problems, 'Correct the environment.'), command: undefined, path };
  const context = contextOf({ ...around, env }, { program, endpoint, wishes, ...invocation });
  const outcome = await begun(context, jobs, act);
  const told = network ? { ...outcome, warnings: [...warnings, ...outcome.warnings] } : outcome;
  return { outcome: told, command: { render: renderJob, shorter: shorterJob }, path, context };
}

async function begun<Begun>(context: Context, jobs: Jobs<Begun>, act: Beginning<Begun>['act']): Promise<Outcome> {
  let made: Begun | StartRejected;
  try {
    made = await unlessAborted(context.interrupt, (async () => act())());
  } catch (error) {
    if (context.interrupt.aborted) return interrupted(context);
    throw error;
  }
  return isRejected(made) ? failure(exitCode.precondition, made.start_rejected) : jobs.begin(context, made);
}

const isRejected = (made: unknown): made is StartRejected =>
  typeof made === 'object' && made !== null && 'start_rejected' in made;
