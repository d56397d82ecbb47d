import type { Command as Commander } from 'commander';
import type * as z from 'zod';
import { conduct, documentOf } from '../conduct.ts';
import { type Outcome, success } from '../outcome.ts';
import type { AsyncJob, StartRejected } from './async-job.ts';
import { beginJob } from './begin-job.ts';
import { checkDescriptor } from './check-descriptor.ts';
import { contractOf, pathOf } from './contract-of.ts';
import { programOf, registerJobs, rootOf, withMisfits } from './job-group.ts';
import type { Jobs } from './jobs.ts';
import { addOwnOptions } from './own-options.ts';
import { refusalOf } from './refusal-of.ts';
import { type Surroundings, surroundings } from './surroundings.ts';
import type { HandOver } from './untildone-jobs.ts';

/** What makes a command asynchronous: it answers with a job descriptor instead of waiting for the end. */
export type AsyncCommand<Begun> = {
  /** What `data` is, here and in `job status`: `jobDescriptor`, or what extends it. */
  descriptor: z.ZodType;
  /** Begins the work and returns at once; its arguments are those of commander's `action`. */
  // biome-ignore lint/suspicious/noExplicitAny: they are what the command declares, which commander does not put into a type
  action: (...args: any[]) => Promise<Begun | StartRejected> | Begun | StartRejected;
  /** How the program is called, runnable as printed and without quoting. Default: as it was called. */
  cli_command?: string;
};

/**
 * Makes a command of a commander program asynchronous: its answer, its exit code and its `--schema` are those of
 * `untildone job start`, and the program gets `job status`, `job wait` and `job cancel`. `jobs` is where its jobs are, one and the
 * same for a program: `ownJobs(…)` or `untildoneJobs(…)`. Throws ConfigError, at
 * registration, for a descriptor schema that is missing or lacks a field of the contract, and for what the program has already.
 */
export function asyncCommand(
  command: Commander,
  jobs: Jobs<AsyncJob>,
  definition: AsyncCommand<AsyncJob>,
  around?: Surroundings,
): Commander;
export function asyncCommand(
  command: Commander,
  jobs: Jobs<HandOver>,
  definition: AsyncCommand<HandOver>,
  around?: Surroundings,
): Commander;
// Not one signature with a parameter: what an action returns would be read before the compiler knows what it is for.
export function asyncCommand<Begun>(
  command: Commander,
  jobs: Jobs<Begun>,
  { descriptor, action, cli_command }: AsyncCommand<Begun>,
  around: Surroundings = surroundings(),
): Commander {
  const root = rootOf(command);
  const path = pathOf(command);
  checkDescriptor(descriptor, path);
  registerJobs(command, { source: jobs.source, schema: descriptor, cli_command }, around);
  const program = () => programOf(root, around);

  const { format, wishes } = addOwnOptions(command, around, jobs.source);

  /** While commander is still reading the words: nothing has run, and nothing will. */
  const endNow = (outcome: Outcome): never => {
    const facts = { duration_ms: 0, request_id: 'req_none', tool_version: program().version };
    // What a person is told of a wrong word, commander has said on stderr.
    const text = documentOf({ outcome, command: undefined, path }, { format, env: around.env, facts });
    around.stdout.write(text.stdout);
    return around.exit(outcome.exit_code);
  };
  command.option('--schema', 'Print the input, output and exit codes as JSON, and do nothing else');
  // As commander's own `--version`: it counts whatever else is missing.
  command.on('option:schema', () =>
    endNow(success(contractOf(command, { output: descriptor, exit_codes: jobs.start_codes }))),
  );
  command.exitOverride((error) => {
    if (error.exitCode === 0) around.exit(0);
    endNow(refusalOf(error, command, program().cli_command));
  });
  return command.action(async (...args: unknown[]) => {
    const facts = { tool_version: program().version, interruptible: true, format };
    const code = await conduct(around, facts, async (invocation) => {
      const act = () => action(...args);
      const ran = await beginJob(around, { program: program(), path, jobs, act, wishes: wishes() }, invocation);
      return { ...ran, outcome: withMisfits(ran.outcome, descriptor) };
    });
    around.end(code);
  });
}
