import { describe, expect, it } from 'vitest';
import type { SharedNews } from '../../lib/core/shared-news.ts';
import type { Announcements, Events } from '../../lib/ports.ts';
import { aJob, anEvent } from './records.ts';

/** Announcements whose targets never answer while the suite runs; `events` is the inbox that flow appends to first. */
export type OpenAnnouncements = () => Promise<{
  announcements: Announcements;
  events: Events;
  close: () => Promise<void>;
}>;

const job = aJob();
const jobs = Array.from({ length: 20 }, (_, at) => aJob({ number: at + 1 }));
const died = (id: string): SharedNews => ({ key: `ci ${id}`, people: ['mail', 'chat'] });
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
          const fresh = await events.append('me', anEvent(job, number));
          await announcements.publish(anEvent(job, number), targets, undefined, !fresh);
        });
      } finally {
        await close();
      }
    });

  /** Each job ends with what they share; whom its event went to. */
  const givenShared = (
    what: string,
    run: (publish: (number: number, news: SharedNews, targets?: string[]) => Promise<string[]>) => Promise<void>,
  ): void =>
    it(what, async () => {
      const { announcements, events, close } = await open();
      try {
        await run(async (number, news, targets = ['chat', 'mail', 'ops']) => {
          const one = aJob({ number });
          const fresh = await events.append('me', anEvent(one));
          await announcements.publish(anEvent(one), targets, news, !fresh);
          return (await announcements.list(one)).map(({ target }) => target).sort();
        });
      } finally {
        await close();
      }
    });

  describe(`${name} as announcements of what many events share`, () => {
    givenShared('tells people with the first event, and programs with every one', async (publish) => {
      expect(await publish(1, died('once'))).toEqual(['chat', 'mail', 'ops']);
      expect(await publish(2, died('once'))).toEqual(['ops']);
      expect(await publish(3, died('once'))).toEqual(['ops']);
    });
    givenShared('tells people of it again when it is published again, and of nothing more', async (publish) => {
      await publish(1, died('once'));
      await publish(2, died('once'));
      expect(await publish(1, died('once'))).toEqual(['chat', 'mail', 'ops']);
      expect(await publish(2, died('once'))).toEqual(['ops']);
    });
    givenShared('tells people of the next piece of news', async (publish) => {
      await publish(1, died('once'));
      expect(await publish(2, died('again'))).toEqual(['chat', 'mail', 'ops']);
    });
    givenShared('tells those people later whom the first event was not for', async (publish) => {
      expect(await publish(1, died('once'), ['mail', 'ops'])).toEqual(['mail', 'ops']);
      expect(await publish(2, died('once'))).toEqual(['chat', 'ops']);
    });
    givenShared('tells people once of twenty that come together', async (publish) => {
      const all = await Promise.all(jobs.map((_, at) => publish(at + 1, died('once'))));
      const count = (target: string): number => all.flat().filter((one) => one === target).length;
      expect([count('chat'), count('mail'), count('ops')]).toEqual([1, 1, 20]);
    });
  });

  describe(`${name} as announcements`, () => {
    given('owes each target the event, and says how it stands', async (announcements, publish) => {
      await publish(0, ['ops', 'perf']);
      expect(await announcements.list(job)).toEqual([pending('ops'), pending('perf')]);
    });
    given('knows nothing of a job that announced nothing', async (announcements, publish) => {
      await publish(0, ['ops']);
      expect(await announcements.list(aJob({ number: 2 }))).toEqual([]);
    });
    given('takes an event without targets for done', async (announcements, publish) => {
      await publish(0, []);
      expect(await announcements.list(job)).toEqual([]);
    });
    given('hands an event over once, however often it is published', async (announcements, publish) => {
      await publish(0, ['ops']);
      await Promise.all([publish(0, ['ops']), publish(0, ['ops']), publish(0, ['ops', 'perf'])]);
      expect(await announcements.list(job)).toEqual([pending('ops'), pending('perf')]);
    });
    given('keeps the events of a job apart', async (announcements, publish) => {
      await publish(0, ['ops']);
      await publish(1, ['ops']);
      expect(await announcements.list(job)).toEqual([pending('ops', 0), pending('ops', 1)]);
    });
  });
}
