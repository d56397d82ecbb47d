import type { JobDescriptor } from '../core/descriptor.ts';
import { type CancelCall, cancelJob } from '../flow/cancel-job.ts';
import { describeFully } from '../flow/get-job.ts';
import { type JobPage, listJobs } from '../flow/list-jobs.ts';
import { type StartCall, startJob } from '../flow/start-job.ts';
import type { ListQuery } from '../ports.ts';
import type { ApiOptions } from './api-options.ts';

type Plugged = Pick<ApiOptions, 'ports' | 'settings'>;

/** Hands a job over, as HTTP and MCP both do. Throws RequestError. */
export const startAndDescribe = async ({ ports, settings }: Plugged, call: StartCall): Promise<JobDescriptor> =>
  describeFully(ports, settings, await startJob(ports, settings, call));

/** Cancels a job, as HTTP and MCP both do. Throws RequestError. */
export const cancelAndDescribe = async ({ ports, settings }: Plugged, call: CancelCall): Promise<JobDescriptor> =>
  describeFully(ports, settings, await cancelJob(ports, settings, call));

/** A page of jobs; filters that were not given are left out. */
export const pageOfJobs = (
  { ports, settings }: Plugged,
  {
    owner,
    limit,
    status,
    kind,
    cursor,
  }: { [Key in keyof ListQuery]: ListQuery[Key] | undefined } & {
    owner: string;
    limit: number;
  },
): Promise<JobPage> =>
  listJobs(ports, settings, {
    owner,
    limit,
    ...(status === undefined ? {} : { status }),
    ...(kind === undefined ? {} : { kind }),
    ...(cursor === undefined ? {} : { cursor }),
  });
