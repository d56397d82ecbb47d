import { jobIdPattern } from '../core/job.ts';
import { callApi } from './client.ts';
import { descriptorSchema } from './descriptor-schema.ts';
import { codesOfRead } from './exit-codes.ts';
import { withOwnCommands } from './invoked-as.ts';
import type { JobSource } from './job-source.ts';

/** The jobs of an untildone server. */
export const apiJobs: JobSource = {
  id_pattern: jobIdPattern,
  example_ids: ['job_0123456789abcdefghijklmnop', 'job_zyxwvutsrqponmlkjihgfedcba'],
  network: true,
  exit_codes: codesOfRead,
  read: async (context, job_id, wait_seconds) => {
    const answered = await callApi(context, {
      method: 'GET',
      path: `/v1/jobs/${job_id}`,
      query: { wait_seconds: wait_seconds > 0 ? wait_seconds : undefined },
      held_ms: wait_seconds * 1000,
      answer: descriptorSchema,
    });
    return answered.ok ? { ok: true, job: withOwnCommands(answered.value, context.cli_command) } : answered;
  },
  cancel: async (context, job_id, { remote }) => {
    const answered = await callApi(context, {
      method: 'POST',
      path: `/v1/jobs/${job_id}/cancel`,
      body: { remote },
      answer: descriptorSchema,
    });
    return answered.ok ? { ok: true, job: withOwnCommands(answered.value, context.cli_command) } : answered;
  },
};
