import { describe, expect, it } from 'vitest';
import { refOf } from '../../lib/core/job.ts';
import type { Announcements, Events } from '../../lib/ports.ts';
import { aJob, anEvent } from './records.ts';

/** Announcements whose targets never answer while the suite runs; `events` is the inbox that flow appends to first. */
export type OpenAnnouncements = () => Promise<{
  announcements: Announcements;
  events: Events;
  close: () => Promise<void>;
}>;

const job = aJob();
const pending = (target: string, number = 0) => ({
  target,
  event_id: anEvent(job, number).event_id,
  state: 'pending',
  attempts: 0,
  last_error: null,
});

/** What flow relies on, of any engine's Announcements. */
export function announcementsContract(name: string, open: OpenAnnouncements): void {
  const given = (
    what: string,
    run: (announcements: Announcements, publish: (number: number, targets: string[]) => Promise<void>) => Promise<void>,
  ): void =>
    it(what, async () => {
      const { announcements, events, close } = await open();
      try {
        await run(announcements, async (number, targets) => {
          await events.append('me', anEvent(job, number));
          await announcements.publish(anEvent(job, number), targets);
        });
      } finally {
        await close();
      }
    });

  describe(`${name} as announcements`, () => {
    given('owes each target the event, and says how it stands', async (announcements, publish) => {
      await publish(0, ['ops', 'perf']);
      expect(await announcements.list(refOf(job))).toEqual([pending('ops'), pending('perf')]);
    });
    given('knows nothing of a job that announced nothing', async (announcements, publish) => {
      await publish(0, ['ops']);
      expect(await announcements.list(refOf(aJob({ number: 2 })))).toEqual([]);
    });
    given('takes an event without targets for done', async (announcements, publish) => {
      await publish(0, []);
      expect(await announcements.list(refOf(job))).toEqual([]);
    });
    given('hands an event over once, however often it is published', async (announcements, publish) => {
      await publish(0, ['ops']);
      await Promise.all([publish(0, ['ops']), publish(0, ['ops']), publish(0, ['ops', 'perf'])]);
      expect(await announcements.list(refOf(job))).toEqual([pending('ops'), pending('perf')]);
    });
    given('keeps the events of a job apart', async (announcements, publish) => {
      await publish(0, ['ops']);
      await publish(1, ['ops']);
      expect(await announcements.list(refOf(job))).toEqual([pending('ops', 0), pending('ops', 1)]);
    });
  });
}
