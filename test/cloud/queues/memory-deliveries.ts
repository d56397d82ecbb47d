import type { DeliveryStates } from '../../../lib/aws/announcement-states.ts';
import type { AnnouncementState } from '../../../lib/core/descriptor.ts';

/** What is put down of deliveries, as plainly as it can be said. */
export function memoryDeliveries(): DeliveryStates {
  const all = new Map<string, AnnouncementState & { job_id: string }>();
  const news = new Map<string, string>();
  return {
    put: (job_id, state) => {
      const key = `${job_id} ${state.event_id} ${state.target}`;
      if (!all.has(key)) all.set(key, { ...state, job_id });
      return Promise.resolve();
    },
    isFirst: (key, target, event_id) => {
      const name = `${key} ${target}`;
      if (!news.has(name)) news.set(name, event_id);
      return Promise.resolve(news.get(name) === event_id);
    },
    list: (wanted) => {
      const mine = [...all.values()].filter(({ job_id }) => job_id === wanted);
      return Promise.resolve({ states: mine.map(({ job_id: _, ...state }) => state), events: [] });
    },
  };
}
