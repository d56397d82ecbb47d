import { carriers } from '../support/carriers.ts';
import { memoryAnnouncements, memoryEvents, memoryJobStore } from '../support/memory-ports.ts';
import { timeline } from '../support/timeline.ts';
import { announcementsContract } from './announcements-contract.ts';
import { carriersContract } from './carriers-contract.ts';
import { eventsContract } from './events-contract.ts';
import { jobStoreContract } from './job-store-contract.ts';
import { epoch_ms } from './records.ts';

const close = (): Promise<void> => Promise.resolve();

jobStoreContract('memory', () => Promise.resolve({ store: memoryJobStore(), close }));
eventsContract('memory', () => Promise.resolve({ events: memoryEvents(), close }));
announcementsContract('memory', () =>
  Promise.resolve({ announcements: memoryAnnouncements(), events: memoryEvents(), close }),
);
carriersContract('memory', () => {
  const time = timeline(epoch_ms);
  const brought: { at_ms: number; tick: Parameters<Parameters<typeof carriers>[1]>[0] }[] = [];
  const { ticks, schedules, hearts } = carriers(time, (tick) => {
    brought.push({ at_ms: time.now(), tick });
    return Promise.resolve();
  });
  const { now, advance } = time;
  return Promise.resolve({ ticks, schedules, now, advance, brought, beating: () => hearts.size, close });
});
