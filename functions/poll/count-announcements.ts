import type { Announcements } from '../../lib/ports.ts';
import { outcomeOf } from '../shared/outcome-of.ts';

/** Announcements that count what was published, by outcome. */
export type CountingAnnouncements = Announcements & { counted: ReadonlyMap<string, number> };

/** Counts each event once it was taken. */
export function countingAnnouncements(announcements: Announcements): CountingAnnouncements {
  const counted = new Map<string, number>();
  return {
    counted,
    list: announcements.list,
    publish: async (event, ...rest) => {
      await announcements.publish(event, ...rest);
      const outcome = outcomeOf(event);
      counted.set(outcome, (counted.get(outcome) ?? 0) + 1);
    },
  };
}
