import * as z from 'zod';
import { type Command, defineCommand } from '../command.ts';
import { codesOfCancel } from '../exit-codes.ts';
import type { Flag } from '../flags.ts';
import { refuseMalformedId } from '../job-outcome.ts';
import type { JobSource } from '../job-source.ts';
import { success } from '../outcome.ts';
import { renderJob } from '../render-job.ts';
import { jobIdArgument } from './job-status.ts';

const remoteFlag: Flag<boolean> = {
  schema: z.boolean(),
  negated: true,
  description: 'Only stop watching; leave the remote job running',
};

/** `job cancel`, which asks for a job to end; one that has ended already is left alone, which is no mistake. */
export const jobCancelOf = (source: JobSource, output: z.ZodType): Command =>
  defineCommand<Record<string, Flag>>({
    path: ['job', 'cancel'],
    summary: 'Cancel a job; one that has ended already is left as it is',
    danger_level: 'destructive',
    argument: jobIdArgument(source),
    // Only who watches a job for somebody can leave it running.
    flags: source.network ? { remote: remoteFlag } : {},
    exit_codes: codesOfCancel(source.exit_codes),
    output,
    network: source.network,
    examples: [
      `job cancel ${source.example_id}`,
      ...(source.network ? [`job cancel ${source.example_id} --no-remote`] : []),
    ],
    render: renderJob,
    run: async (context, { argument, remote }) => {
      const refused = refuseMalformedId(argument, source, context);
      if (refused !== undefined) return refused;
      const before = await source.read(context, argument, 0);
      if (!before.ok) return before.outcome;
      if (before.job.terminal) return success(before.job, { effect: 'noop' });
      const cancelled = await source.cancel(context, argument, { remote: remote !== false });
      return cancelled.ok ? success(cancelled.job, { effect: 'updated' }) : cancelled.outcome;
    },
  });
