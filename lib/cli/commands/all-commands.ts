import type { Command } from '../command.ts';
import { checkPermissions } from './check-permissions.ts';
import { doctor } from './doctor.ts';
import { jobCancel } from './job-cancel.ts';
import { jobEvents } from './job-events.ts';
import { jobList } from './job-list.ts';
import { jobAdopt, jobStart } from './job-start.ts';
import { jobStatus } from './job-status.ts';
import { jobWait } from './job-wait.ts';
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
  doctor,
  checkPermissions,
  manifest,
];
