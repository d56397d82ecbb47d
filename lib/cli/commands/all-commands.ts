import { apiJobs } from '../api-jobs.ts';
import type { Command } from '../command.ts';
import { descriptorSchema } from '../descriptor-schema.ts';
import { checkPermissions } from './check-permissions.ts';
import { connect } from './connect.ts';
import { doctor } from './doctor.ts';
import { jobCancelOf } from './job-cancel.ts';
import { jobEvents } from './job-events.ts';
import { jobList } from './job-list.ts';
import { jobAdopt, jobStart } from './job-start.ts';
import { jobStatusOf } from './job-status.ts';
import { jobWaitOf } from './job-wait.ts';
import { kinds } from './kinds.ts';
import { manifest } from './manifest.ts';
import { serve } from './serve.ts';

/** Every command, in the order of the help. */
export const allCommands: readonly Command[] = [
  serve,
  jobStart,
  jobAdopt,
  jobStatusOf(apiJobs, descriptorSchema),
  jobWaitOf(apiJobs, descriptorSchema),
  jobCancelOf(apiJobs, descriptorSchema),
  jobList,
  jobEvents,
  kinds,
  connect,
  doctor,
  checkPermissions,
  manifest,
];
