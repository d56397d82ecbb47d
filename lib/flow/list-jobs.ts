import type { JobDescriptor } from '../core/descriptor.ts';
import type { ListQuery, Ports, Settings } from '../ports.ts';
import { describeFully } from './get-job.ts';

/** One page of the owner's jobs, newest first. */
export type JobPage = { items: JobDescriptor[]; next_cursor: string | null; has_more: boolean };

/** Lists the owner's jobs. Throws RequestError INVALID_REQUEST for a cursor we did not make. */
export async function listJobs(
  ports: Pick<Ports, 'jobs' | 'announcements' | 'clock'>,
  settings: Settings,
  query: ListQuery,
): Promise<JobPage> {
  const { jobs, next_cursor } = await ports.jobs.list(query);
  const items = await Promise.all(jobs.map((job) => describeFully(ports, settings, job)));
  return { items, next_cursor, has_more: next_cursor !== null };
}
