import type { JobEvent } from '../../lib/ports.ts';

/** `complete`, `failed`, `timed_out`, `cancelled`; of a job that goes on, the event: `failing`, `blocked`, … */
export function outcomeOf({ type, data }: JobEvent): string {
  if (type !== 'job.settled') return type.slice('job.'.length);
  return data.reason === 'timed_out' ? 'timed_out' : data.status;
}
