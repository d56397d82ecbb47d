import { apiJobs } from '../api-jobs.ts';
import type { Command } from '../command.ts';
import { descriptorSchema } from '../descriptor-schema.ts';
import { connect } from './connect.ts';
import { doctor } from './doctor.ts';
import { jobCancelOf } from './job-cancel.ts';
import { jobEvents, jobList } from './job-list.ts';
import { jobAdopt, jobStart } from './job-start.ts';
import { jobStatusOf, jobWaitOf } from './job-status.ts';
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
  manifest,
];
