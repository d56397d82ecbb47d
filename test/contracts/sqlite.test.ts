import { type Database, openDatabase } from '../../lib/embedded/database.ts';
import { createSqliteAnnouncements } from '../../lib/embedded/sqlite-announcements.ts';
import { createSqliteEvents } from '../../lib/embedded/sqlite-events.ts';
import { createSqliteJobStore } from '../../lib/embedded/sqlite-job-store.ts';
import { createTickRunner } from '../../lib/embedded/tick-runner.ts';
import type { Tick } from '../../lib/ports.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { announcementsContract } from './announcements-contract.ts';
import { carriersContract } from './carriers-contract.ts';
import { eventsContract } from './events-contract.ts';
import { jobStoreContract } from './job-store-contract.ts';
import { epoch_ms } from './records.ts';

/** A file of its own for each test. */
function fresh(): { database: Database; close: () => Promise<void> } {
  const directory = temporaryDirectory();
  const database = openDatabase(directory.path);
  return {
    database,
    close: async () => {
      database.close();
      directory.remove();
    },
  };
}

jobStoreContract('SQLite', async () => {
  const { database, close } = fresh();
  return { store: createSqliteJobStore(database, manualTimers()), close };
});

eventsContract('SQLite', async () => {
  const { database, close } = fresh();
  return { events: createSqliteEvents(database), close };
});

announcementsContract('SQLite', async () => {
  const { database, close } = fresh();
  const answered = Promise.withResolvers<{ outcome: 'delivered' }>();
  const events = createSqliteEvents(database);
  const announcements = createSqliteAnnouncements({
    database,
    events,
    timers: manualTimers(),
    tell: () => answered.promise,
    observe: () => undefined,
  });
  return {
    announcements,
    events,
    close: async () => {
      answered.resolve({ outcome: 'delivered' });
      await announcements.stop();
      await close();
    },
  };
});

carriersContract('The due queue', async (job) => {
  const timers = manualTimers(epoch_ms);
  const brought: { at_ms: number; tick: Tick }[] = [];
  const runner = createTickRunner({
    timers,
    peek: () => job,
    run: (tick) => {
      brought.push({ at_ms: timers.now(), tick });
      return Promise.resolve({ outcome: 'dropped', job });
    },
    observe: () => undefined,
  });
  const { ticks, schedules, beating, stop } = runner;
  return { ticks, schedules, now: timers.now, advance: timers.advance, brought, beating, close: stop };
});
