import type { DeliveryState, DeliveryStates } from '../../../lib/aws/sns-announcements.ts';

/** The states of deliveries as plainly as they can be said. */
export function memoryDeliveries(): DeliveryStates {
  const all = new Map<string, DeliveryState & { job_id: string }>();
  const news = new Map<string, string>();
  return {
    put: (job_id, state) => {
      const key = `${job_id} ${state.event_id} ${state.target}`;
      const known = all.get(key);
      if (known === undefined) all.set(key, { ...state, job_id });
      return Promise.resolve({ created: known === undefined, state: { ...(known ?? state) } });
    },
    handedOver: (job_id, event_id, target, by) => {
      const state = all.get(`${job_id} ${event_id} ${target}`);
      if (state === undefined) return Promise.reject(new Error(`no delivery of ${event_id} to ${target}`));
      state.handed_over = true;
      if (by === 'topic') Object.assign(state, { state: 'delivered', attempts: 1 });
      return Promise.resolve();
    },
    isFirst: (key, target, event_id) => {
      const name = `${key} ${target}`;
      if (!news.has(name)) news.set(name, event_id);
      return Promise.resolve(news.get(name) === event_id);
    },
    list: (wanted) =>
      Promise.resolve(
        [...all.entries()]
          .filter(([, { job_id }]) => job_id === wanted)
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .map(([, { job_id: _, ...state }]) => state),
      ),
  };
}
