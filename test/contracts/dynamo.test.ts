import { afterAll, beforeAll } from 'vitest';
import type { Announcements } from '../../lib/ports.ts';
import { dynamoWorld } from '../cloud/dynamo/dynamo-world.ts';
import { announcementsContract } from './announcements-contract.ts';
import { eventsContract } from './events-contract.ts';
import { jobStoreContract } from './job-store-contract.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
beforeAll(async () => {
  world = await dynamoWorld();
});
afterAll(() => world.close());
const close = (): Promise<void> => Promise.resolve();

jobStoreContract('DynamoDB', async () => ({ store: (await world.freshTable()).store, close }));
eventsContract('DynamoDB', async () => ({ events: (await world.freshTable()).events, close }));

announcementsContract('DynamoDB delivery states', async () => {
  const { deliveries, events } = await world.freshTable();
  const announcements: Announcements = {
    publish: async (event, targets, shared) => {
      const fresh = { event_id: event.event_id, state: 'pending', attempts: 0, last_error: null } as const;
      for (const target of targets)
        if (!shared?.people.includes(target) || (await deliveries.isFirst(shared.key, target, event.event_id)))
          await deliveries.put(event.data.job_id, { ...fresh, target });
    },
    list: async ({ job_id }) => (await deliveries.list(job_id)).states,
  };
  return { announcements, events, close };
});
