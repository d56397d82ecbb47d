import { expect, it } from 'vitest';
import type { Database } from '../../lib/embedded/database.ts';
import { type Attempt, createSqliteAnnouncements } from '../../lib/embedded/sqlite-announcements.ts';
import { createSqliteEvents } from '../../lib/embedded/sqlite-events.ts';
import type { JobEvent } from '../../lib/ports.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { temporaryDatabase } from '../support/temporary-database.ts';

/** One life of the engine's inbox and announcements over a file; what it tells is kept, and answered by hand. */
function life(database: Database) {
  const told: JobEvent[] = [];
  const answers: ((attempt: Attempt) => void)[] = [];
  const timers = manualTimers();
  const events = createSqliteEvents(database);
  const announcements = createSqliteAnnouncements({
    database,
    events,
    timers,
    tell: (_target, event) => {
      told.push(event);
      return new Promise((resolve) => answers.push(resolve));
    },
    observe: () => undefined,
  });
  return { told, answers, timers, events, publish: (event: JobEvent) => announcements.publish(event, ['hook']) };
}
// The inbox reads three fields of an event.
const eventAt = (timestamp: string, number = 1) =>
  ({ event_id: `evt_${number}`, timestamp, data: { job_id: 'job_1' } }) as JobEvent;
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

it('an event that is appended again after a crash is told in the words of the first time', async () => {
  const database = temporaryDatabase();
  await life(database).events.append('me', eventAt('first'));
  const { events, publish, told } = life(database);
  const again = eventAt('second');
  await events.append('me', again);
  await publish(again);
  expect(told).toEqual([eventAt('first')]);
});

it('an event that was just appended is told as it is at the first attempt, and as the file has it at the next', async () => {
  const { events, publish, told, answers, timers } = life(temporaryDatabase());
  const event = eventAt('first');
  await events.append('me', event);
  await publish(event);
  expect(told[0]).toBe(event);
  answers[0]?.({ outcome: 'failed', gone: false, error: 'http_500', retry_after_seconds: null });
  await turn();
  await timers.advance(60);
  expect(told[1]).toEqual(event);
  expect(told[1]).not.toBe(event);
});

it('an event that has to wait for its turn is read when that comes', async () => {
  const { events, publish, told, answers } = life(temporaryDatabase());
  const all = Array.from({ length: 17 }, (_, number) => eventAt('first', number));
  for (const event of all) {
    await events.append('me', event);
    await publish(event);
  }
  expect(told).toHaveLength(16);
  answers[0]?.({ outcome: 'delivered' });
  await turn();
  expect(told[16]).toEqual(all[16]);
  expect(told[16]).not.toBe(all[16]);
});
