import type { AnnouncementState } from '../core/descriptor.ts';
import { eventIdOf, type Job, type JobRef } from '../core/job.ts';
import { partsOf } from './dynamo-layout.ts';

/** The topics, as a job's announcements show them. No target of the configuration can be named like that. */
export const topicTargets = { outcomes: 'sns:outcomes', chat: 'sns:chat' } as const;

/** What is put down of a job's announcements. */
export type DeliveryStates = {
  /** Writes how an event fares with a target that has it now, unless something is written already: the target may be quicker. */
  put(job_id: string, state: AnnouncementState): Promise<void>;
  /** Also the ids of the job's events, but for its end. */
  list(job_id: string): Promise<{ states: AnnouncementState[]; events: string[] }>;
  /** Whether this event is the one that tells `target` of `key`: the first within a day, also when it asks again. */
  isFirst(key: string, target: string, event_id: string): Promise<boolean>;
};

/**
 * How the events of a job fare with each target, ordered by event and target. The topic `outcomes` hears of every event, in the
 * order that they are paid in: nothing is put down of it, unless another target failed.
 */
export async function statesOf(
  deliveries: Pick<DeliveryStates, 'list'>,
  job: JobRef & Pick<Job, 'state'>,
): Promise<AnnouncementState[]> {
  const { states, events } = await deliveries.list(job.job_id);
  const ends = job.state.status !== 'running' ? [eventIdOf(job, job.state.events - 1, 'settled')] : [];
  const told = [...events, ...ends]
    .filter((event_id) => !states.some((one) => one.event_id === event_id && one.target === topicTargets.outcomes))
    .map((event_id): AnnouncementState => {
      const owed = job.state.owed.some((one) => one.event_id === event_id);
      const state = owed
        ? ({ state: 'pending', attempts: 0 } as const)
        : ({ state: 'delivered', attempts: 1 } as const);
      return { target: topicTargets.outcomes, event_id, ...state, last_error: null };
    });
  return [...states, ...told]
    .filter(({ event_id }) => partsOf(event_id).generation_ms === job.generation_ms)
    .sort((left, right) => numberOf(left) - numberOf(right) || (left.target < right.target ? -1 : 1));
}

const numberOf = ({ event_id }: AnnouncementState): number => partsOf(event_id).number;
