import type { Target } from './configuration.ts';
import type { Address, JobDescriptor } from './descriptor.ts';
import { describeJob } from './descriptor.ts';
import type { EventType, Job, OwedEvent } from './job.ts';

/** An event of a job, as the inbox serves it. `data` is the job descriptor of that moment. */
export type JobEvent = { event_id: string; type: `job.${EventType}`; timestamp: string; data: JobDescriptor };

/** Renders an owed event. The per-target states are left out: they differ with every delivery. */
export const eventOf = (job: Job, owed: OwedEvent, address: Address): JobEvent => ({
  event_id: owed.event_id,
  type: `job.${owed.type}`,
  timestamp: new Date(owed.at_ms).toISOString(),
  data: describeJob(job, [], address, owed.at_ms),
});

/** Names of the targets that hear of this event: those the job chose (or all), for the types the job (or else the target) chose. */
export const targetsFor = (job: Job, type: EventType, targets: readonly Target[]): string[] =>
  targets
    .filter((target) => job.spec.announce.targets.includes(target.name))
    .filter((target) => (job.spec.announce.on ?? target.on).includes(type))
    .map((target) => target.name);

/** Seconds before the n-th attempt: 0, 5 s, 30 s, 2, 10, 30 min, 1, 2 h, then failed. One table for both engines. */
const attemptDelaysSeconds = [0, 5, 30, 120, 600, 1800, 3600, 7200] as const;
export const maxAttempts = attemptDelaysSeconds.length;

/** Milliseconds to wait after `attempts` failed ones, or null when the target is given up. `Retry-After` is a floor, two hours at most. */
export function nextAttemptDelayMs(attempts: number, retry_after_seconds: number | null): number | null {
  const delay = attemptDelaysSeconds[attempts];
  if (delay === undefined) return null;
  return Math.max(delay, Math.min(retry_after_seconds ?? 0, 7200)) * 1000;
}
