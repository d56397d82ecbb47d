/*
 * `import … from 'untildone/commander'`: for programs of others that are built on commander and start something long.
 */

export { type AsyncCommand, asyncCommand } from '../cli/async/async-command.ts';
export { type AsyncJob, type StartRejected, startRejected } from '../cli/async/async-job.ts';
export type { Jobs } from '../cli/async/jobs.ts';
export { type OwnFunctions, ownJobs } from '../cli/async/own-jobs.ts';
export { type HandOver, untildoneJobs } from '../cli/async/untildone-jobs.ts';
export { type Descriptor, jobDescriptor } from '../cli/descriptor-schema.ts';
export { ConfigError } from '../core/errors.ts';
