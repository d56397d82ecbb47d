import type * as z from 'zod';
import type { configurationSchema } from '../core/configuration.ts';
import type { kindSchema } from '../core/kind.ts';
import type { startRequestSchema } from '../core/start-request.ts';

/*
 * `import … from 'untildone'`: the contract as types and schemas, for who calls the API, hears announcements, or writes
 * configurations and kinds in TypeScript. No engine and no transport: those run as `untildone serve` or as `untildone/cdk`.
 */

export type { JobEvent } from '../core/announcement.ts';
export { type Configuration, configurationSchema, readConfiguration } from '../core/configuration.ts';
export type { AnnouncementState, JobDescriptor } from '../core/descriptor.ts';
export { ConfigError, type Problem } from '../core/errors.ts';
export {
  type EventType,
  eventTypes,
  jobIdPattern,
  type Phase,
  phases,
  type Reason,
  reasons,
  type Status,
  statuses,
} from '../core/job.ts';
export { type Kind, kindSchema } from '../core/kind.ts';
export { startRequestSchema } from '../core/start-request.ts';

/** A configuration as it is written, with everything that has a default left out. */
export type ConfigurationInput = z.input<typeof configurationSchema>;

/** A kind as it is written in a configuration. */
export type KindInput = z.input<typeof kindSchema>;

/** The body of `POST /v1/jobs`. */
export type StartRequest = z.input<typeof startRequestSchema>;
