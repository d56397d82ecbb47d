import { expect, it } from 'vitest';
import { createSqliteEvents } from '../../lib/embedded/sqlite-events.ts';
import { createSqliteJobStore } from '../../lib/embedded/sqlite-job-store.ts';
import type { JobEvent } from '../../lib/ports.ts';
import { aJob } from '../contracts/records.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { temporaryDatabase } from '../support/temporary-database.ts';

/** A file on a disk that keeps what was committed when it is told to. */
function opened() {
  const waiting: ((error: Error | null) => void)[] = [];
  const database = temporaryDatabase({ fsync: (_file, done) => void waiting.push(done) });
  const rows = (table: string) => database.sql.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'];
  return { database, rows, kept: () => waiting.splice(0).map((done) => done(null)) };
}
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

it('a job that is committed, and not on disk yet, is neither read nor listed', async () => {
  const { database, rows, kept } = opened();
  const store = createSqliteJobStore(database, manualTimers());
  const { job_id, owner } = aJob();
  const created = store.create(aJob());
  await turn();
  const listed = async () => (await store.list({ owner, limit: 5 })).jobs.length;
  expect([rows('jobs'), await store.load(job_id), await listed()]).toEqual([1, undefined, 0]);
  kept();
  await created;
  expect([(await store.load(job_id))?.job_id, await listed()]).toEqual([job_id, 1]);
});

it('the position of an event that is committed, and not on disk yet, is handed out to nobody', async () => {
  const { database, rows, kept } = opened();
  const events = createSqliteEvents(database);
  // The inbox reads three fields of an event.
  const event = { event_id: 'evt_1', timestamp: '2026-01-01T00:00:00.000Z', data: { job_id: 'job_1' } } as JobEvent;
  const appended = events.append('me', event);
  await turn();
  const page = () => events.list({ owner: 'me', cursor: null, limit: 5 });
  expect([rows('events'), await page()]).toEqual([1, { events: [], next_cursor: '0', has_more: false }]);
  kept();
  await appended;
  expect(await page()).toEqual({ events: [event], next_cursor: '1', has_more: false });
});
