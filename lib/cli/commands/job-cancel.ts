import * as z from 'zod';
import { type Command, defineCommand } from '../command.ts';
import { codesOfCancel } from '../exit-codes.ts';
import { type Flag, switchFlag } from '../flags.ts';
import { refuseMalformedId } from '../job-outcome.ts';
import type { JobSource } from '../job-source.ts';
import { success } from '../outcome.ts';
import { renderJobOrJson } from '../render-job.ts';
import { shorterJob } from '../stay-brief.ts';
import { rehearsalFlags } from './dry-run.ts';
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
    flags: {
      ...(source.network ? { remote: remoteFlag } : {}),
      ...rehearsalFlags,
      confirm_destructive: switchFlag('Confirm in advance; not needed, the id is the confirmation'),
    },
    exit_codes: codesOfCancel(source.exit_codes),
    output,
    network: source.network,
    examples: [
      `job cancel ${source.example_ids[0]}`,
      ...(source.network ? [`job cancel ${source.example_ids[0]} --no-remote`] : []),
    ],
    render: renderJobOrJson,
    shorter: shorterJob,
    run: async (context, { argument, remote, dry_run }) => {
      const refused = refuseMalformedId(argument, source, context);
      if (refused !== undefined) return refused;
      const before = await source.read(context, argument, 0);
      if (!before.ok) return before.outcome;
      const { job_id, kind, name, status, terminal } = before.job;
      if (dry_run === true) {
        const would_affect = terminal ? [] : [{ job_id, kind, name, status, remote }];
        return success({ effect: terminal ? 'noop' : 'updated', dry_run, would_cancel: !terminal, would_affect });
      }
      if (terminal) return success({ ...before.job, effect: 'noop' }, { effect: 'noop' });
      const cancelled = await source.cancel(context, argument, { remote: remote !== false });
      return cancelled.ok ? success({ ...cancelled.job, effect: 'updated' }, { effect: 'updated' }) : cancelled.outcome;
    },
  });
