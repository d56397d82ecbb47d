import type { Command as Commander } from 'commander';
import * as z from 'zod';
import { ConfigError } from '../../core/errors.ts';
import { problemsOf } from '../../core/problems.ts';
import type { Command } from '../command.ts';
import { jobCancelOf } from '../commands/job-cancel.ts';
import { jobStatusOf } from '../commands/job-status.ts';
import { jobWaitOf } from '../commands/job-wait.ts';
import { calledAs } from '../invoked-as.ts';
import type { JobSource } from '../job-source.ts';
import type { Outcome } from '../outcome.ts';
import type { Program } from '../program.ts';
import { runCli } from '../run-cli.ts';
import type { Surroundings } from './surroundings.ts';

/** What a program has registered: one place for its jobs, and a schema for each command that starts some. */
type Registered = { source: JobSource; schemas: z.ZodType[]; cli_command: string | undefined };

const registered = new WeakMap<Commander, Registered>();

/** The program at the top, which `job` belongs to. */
export const rootOf = (command: Commander): Commander => (command.parent === null ? command : rootOf(command.parent));

/** Gives a program its `job status`, `job wait` and `job cancel`, once. Throws ConfigError when its jobs would be in two places, or `job` is taken. */
export function registerJobs(
  command: Commander,
  one: Omit<Registered, 'schemas'> & { schema: z.ZodType },
  around: Surroundings,
): Registered {
  const root = rootOf(command);
  if (root === command)
    throw new ConfigError(`${command.name()} is part of no program; add it to one before asyncCommand`);
  const known = registered.get(root);
  if (known !== undefined && known.source !== one.source)
    throw new ConfigError(`${root.name()} keeps its jobs in two places; give every asyncCommand the same "jobs"`);
  if (known !== undefined) {
    known.schemas.push(one.schema);
    return known;
  }
  if (root.commands.some((command) => command.name() === 'job'))
    throw new ConfigError(`${root.name()} has a command "job" already, which asyncCommand adds; rename yours`);
  const made: Registered = { source: one.source, schemas: [one.schema], cli_command: one.cli_command };
  registered.set(root, made);
  const group = root.command('job').description('Look at, wait for and cancel jobs');
  // Its words are sorted, and its help is written, by the code that does it for untildone's own commands.
  group.helpOption(false).allowUnknownOption().allowExcessArguments();
  group.action(async () =>
    around.end(await runCli({ ...around, argv: ['job', ...group.args] }, programOf(root, around))),
  );
  return made;
}

/** The program as our own code runs it. */
export function programOf(root: Commander, around: Surroundings): Program {
  const known = registered.get(root);
  const cli_command = known?.cli_command ?? calledAs(root.name(), around);
  const program = { summary: root.description(), version: root.version() ?? '0.0.0', cli_command };
  const group_summaries = { job: 'Look at, wait for and cancel jobs' };
  if (known === undefined) return { ...program, commands: [], group_summaries };
  const [first = z.never(), ...more] = [...new Set(known.schemas)];
  const output = more.length === 0 ? first : z.union([first, ...more]);
  const commands = [jobStatusOf, jobWaitOf, jobCancelOf].map((make) => fitted(make(known.source, output), output));
  return { ...program, commands, group_summaries };
}

const fitted = (command: Command, job: z.ZodType): Command => ({
  ...command,
  run: async (context, values) => withMisfits(await command.run(context, values), job),
});

/** A job that is not quite what `--schema` promises is still a job, and its exit code still true: it is told with a warning. */
export function withMisfits(outcome: Outcome, schema: z.ZodType): Outcome {
  const told = jobsIn(outcome.data).flatMap((job) => {
    const read = schema.safeParse(job);
    if (read.success) return [];
    const misfits = problemsOf(read.error).map(({ path, message }) => `${path}: ${message}`);
    return `The descriptor is not what --schema says: ${misfits.join('; ')}`;
  });
  return told.length === 0 ? outcome : { ...outcome, warnings: [...outcome.warnings, ...told] };
}

/** One job, several, or none: what a rehearsal answers. */
function jobsIn(data: Outcome['data']): unknown[] {
  if (data === null || Array.isArray(data)) return [];
  if ('job_id' in data) return [data];
  return Array.isArray(data['jobs']) ? data['jobs'] : [];
}
