import * as z from 'zod';
import { callApi } from '../client.ts';
import { type Command, defineCommand } from '../command.ts';
import { descriptorSchema } from '../descriptor-schema.ts';
import { codesOfCancel } from '../exit-codes.ts';
import { switchFlag } from '../flags.ts';
import { readJob } from '../follow-job.ts';
import { withOwnCommands } from '../invoked-as.ts';
import { refuseMalformedId } from '../job-outcome.ts';
import { success } from '../outcome.ts';
import { renderJob } from '../render-job.ts';
import { shorterJob } from '../stay-brief.ts';
import { rehearsalFlags } from './dry-run.ts';
import { jobIdArgument } from './job-status.ts';

/** Asks for a job to end; one that has ended already is left alone, which is no mistake. */
export const jobCancel: Command = defineCommand({
  path: ['job', 'cancel'],
  summary: 'Cancel a job; one that has ended already is left as it is',
  danger_level: 'destructive',
  argument: jobIdArgument,
  flags: {
    remote: {
      schema: z.boolean(),
      negated: true,
      description: 'Only stop watching; leave the remote job running',
    },
    ...rehearsalFlags,
    confirm_destructive: switchFlag('Confirm in advance; not needed, the id is the confirmation'),
  },
  exit_codes: codesOfCancel,
  output: descriptorSchema,
  network: true,
  examples: ['job cancel job_0123456789abcdefghijklmnop', 'job cancel job_0123456789abcdefghijklmnop --no-remote'],
  render: (data, context) => renderJob(data, context) || JSON.stringify(data, null, 2),
  shorter: shorterJob,
  run: async (context, { argument, remote, dry_run }) => {
    const refused = refuseMalformedId(argument, context);
    if (refused !== undefined) return refused;
    const before = await readJob(context, argument, 0);
    if (!before.ok) return before.outcome;
    const { job_id, kind, name, status, terminal } = before.job;
    if (dry_run) {
      const would_affect = terminal ? [] : [{ job_id, kind, name, status, remote }];
      return success({ effect: terminal ? 'noop' : 'updated', dry_run: true, would_cancel: !terminal, would_affect });
    }
    if (terminal) return success({ ...before.job, effect: 'noop' }, { effect: 'noop' });
    const answered = await callApi(context, {
      method: 'POST',
      path: `/v1/jobs/${argument}/cancel`,
      body: { remote },
      answer: descriptorSchema,
    });
    if (!answered.ok) return answered.outcome;
    return success(
      { ...withOwnCommands(answered.value, context.cli_command), effect: 'updated' },
      { effect: 'updated' },
    );
  },
});
