import { expect } from 'vitest';
import { isTerminal } from '../../lib/core/job.ts';
import type { World } from './world.ts';

const tally = (names: string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};
const once = (names: Iterable<string>): Record<string, number> => tally([...names].sort());

/** What happened in a world that never may; each list is empty in a good one. */
export function violations(world: World): Record<string, unknown[]> {
  const { seen, owed } = world.witnessed;
  const records = [...world.jobs.values()];
  const inbox = world.events.map(({ event }) => event.event_id);
  const announced = world.published.map(({ event }) => event.event_id);
  const still = new Set(records.flatMap((job) => job.state.owed.map(({ event_id }) => event_id)));
  const due = [...owed.keys()].filter((event_id) => !still.has(event_id));
  const faultless = world.crashes.length === 0;
  return {
    'calls after the end was saved': seen.callsAfterTheEnd,
    'checks that overlap': seen.overlaps,
    'ends written over': seen.rewrittenEnds,
    'schedules left behind': [...world.schedules.keys()].filter((job_id) => {
      const job = world.jobs.get(job_id);
      return job === undefined || (isTerminal(job) && job.state.owed.length === 0);
    }),
    'acknowledged jobs that vanished': [...world.acknowledged].filter((job_id) => {
      const job = world.jobs.get(job_id);
      return job === undefined || (!isTerminal(job) && !world.schedules.has(job_id));
    }),
    'jobs settled more or less than once': records
      .filter(isTerminal)
      .map((job) =>
        world.events.filter((one) => one.event.data.job_id === job.job_id && one.event.type === 'job.settled'),
      )
      .filter((settled) => settled.length !== 1 && still.size === 0),
    'events that are not in the inbox exactly once': due.filter((event_id) => tally(inbox)[event_id] !== 1),
    'events nobody owed': [...inbox, ...announced].filter((event_id) => !owed.has(event_id)),
    'events never announced': due.filter((event_id) => tally(announced)[event_id] === undefined),
    'announcements made twice in a run without a fault': faultless
      ? Object.entries(tally(announced)).filter(([, count]) => count > 1)
      : [],
    'event ids with two types': world.published
      .filter(({ event }) => `job.${owed.get(event.event_id)}` !== event.type)
      .map(({ event }) => event.event_id),
  };
}

/** The row of zeros: what never may happen, whatever else did. Goes at the end of every story. */
export function expectZeroRow(world: World): void {
  const found = violations(world);
  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, []])));
}

/** Also: everything has come to its end, and nothing is owed. */
export function expectAllOver(world: World): void {
  expectZeroRow(world);
  for (const job of world.jobs.values())
    expect({ job_id: job.job_id, over: isTerminal(job), owed: job.state.owed }).toEqual({
      job_id: job.job_id,
      over: true,
      owed: [],
    });
  expect([...world.schedules.keys()]).toEqual([]);
  expect(once(world.events.map(({ event }) => event.event_id))).toEqual(once(world.witnessed.owed.keys()));
}
