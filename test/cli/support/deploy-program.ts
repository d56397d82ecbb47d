import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import type * as z from 'zod';
import { type AsyncCommand, asyncCommand } from '../../../lib/cli/async/async-command.ts';
import type { AsyncJob } from '../../../lib/cli/async/async-job.ts';
import type { Jobs } from '../../../lib/cli/async/jobs.ts';
import { ownJobs } from '../../../lib/cli/async/own-jobs.ts';
import type { Surroundings } from '../../../lib/cli/async/surroundings.ts';
import type { HandOver } from '../../../lib/cli/async/untildone-jobs.ts';
import { jobDescriptor } from '../../../lib/cli/descriptor-schema.ts';
import { collector, envelopeIn, handClock } from './run.ts';

/** What its action returns where a test says nothing else. */
export const started: AsyncJob = { job_id: 'dep-1', status: 'running', started_at: '2026-11-21T09:00:00Z' };

/** Thrown where a process would have ended. */
class Ended extends Error {}

type Making = {
  jobs: Jobs<AsyncJob> | Jobs<HandOver>;
  action?: (...args: never[]) => unknown;
  descriptor?: z.ZodType;
  env?: NodeJS.ProcessEnv;
  around?: Partial<Surroundings>;
  /** Done to the command before it is made asynchronous. */
  before?: (command: Command) => void;
};

/** Runs one command line of a program `deploy` that has one asynchronous command, `release <folder> [--to HOST]`. */
export async function runDeploy(argv: string[], making: Making) {
  const out = collector();
  const err = collector();
  let code = 0;
  const around: Surroundings = {
    argv,
    env: making.env ?? {},
    stdin: Readable.from([]),
    stdout: out.stream,
    stderr: err.stream,
    terminal: { stdin: false, stdout: false, stderr: false },
    signals: new EventEmitter(),
    clock: handClock(),
    script: '/opt/bin/deploy',
    node: '/opt/node',
    exit: (ended) => {
      code = ended;
      throw new Ended();
    },
    end: (ended) => {
      code = ended;
    },
    ...making.around,
  };
  const program = new Command('deploy').version('2.1.0').configureOutput({ writeErr: () => {}, writeOut: () => {} });
  const command = program.command('release <folder>').description('Release it').requiredOption('--to <host>', 'Where');
  making.before?.(command);
  const definition = { descriptor: jobDescriptor, action: () => started, ...making };
  // What an action returns is the test's business, right or wrong for these jobs.
  asyncCommand(command, making.jobs as Jobs<AsyncJob>, definition as unknown as AsyncCommand<AsyncJob>, around);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
  }
  const last = out.text().trimEnd().split('\n').at(-1) ?? '';
  return {
    code,
    text: out.text(),
    errors: err.text(),
    envelope: last.startsWith('{') ? envelopeIn(last, code) : undefined,
  };
}

/** A command line that it takes. */
export const go = ['release', 'site', '--to', 'web-1'];
/** Jobs of its own, all of which look like this one. */
export const seeing = (job: Partial<AsyncJob> | undefined) =>
  ownJobs({ status: () => job && { ...started, ...job }, cancel: () => ({ ...started, phase: 'cancelling' }) });
