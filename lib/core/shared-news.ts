import type { Target } from './configuration.ts';
import type { EventType, Job } from './job.ts';

/** One piece of news that many events carry: of its `people`, each hears of `key` once, and programs of every event. */
export type SharedNews = { key: string; people: string[] };

/** So long a piece of shared news is not told again. A secret that is refused, accepted and refused again is still the same one: after a day it is news. */
export const sharedFor_ms = 86_400_000;

const readers: Record<Target['type'], 'people' | 'programs'> = {
  webhook: 'programs',
  slack: 'people',
  email: 'people',
};

/** What this event has in common with those of other jobs: the death of a credential ends every job of its connection. */
export function sharedNewsOf(job: Job, type: EventType, targets: readonly Target[]): SharedNews | undefined {
  const { death } = job.state;
  if (death === null || type !== 'settled') return undefined;
  const people = targets.filter((target) => readers[target.type] === 'people').map(({ name }) => name);
  return { key: `${job.spec.connection} ${death.id}`, people };
}
