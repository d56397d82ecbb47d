import type { Command } from '../command.ts';
import { connect } from './connect.ts';
import { doctor } from './doctor.ts';
import { jobCancel } from './job-cancel.ts';
import { jobEvents, jobList } from './job-list.ts';
import { jobAdopt, jobStart } from './job-start.ts';
import { jobStatus, jobWait } from './job-status.ts';
import { kinds } from './kinds.ts';
import { manifest } from './manifest.ts';
import { serve } from './serve.ts';

/** Every command, in the order of the help. */
export const allCommands: readonly Command[] = [
  serve,
  jobStart,
  jobAdopt,
  jobStatus,
  jobWait,
  jobCancel,
  jobList,
  jobEvents,
  kinds,
  connect,
  doctor,
  manifest,
];
