import { env } from '../env.ts';
import type { Announcements } from '../ports.ts';
import { randomIds } from '../random-ids.ts';
import { statesOf } from './announcement-states.ts';
import { store } from './compose.ts';
import { apiPlug } from './compose-api.ts';
import { createDynamoDeliveries } from './dynamo-deliveries.ts';
import { clock, type Environment, needed } from './environment.ts';
import { readShipped } from './shipped-configuration.ts';

/** The status function, which only reads. */
export function composeStatus(environment: Environment = process.env) {
  const shipped = readShipped();
  const { jobs, events, ...stored } = store(environment, shipped);
  const deliveries = createDynamoDeliveries(stored);
  const announcements: Pick<Announcements, 'list'> = { list: (job) => statesOf(deliveries, job) };
  return {
    ports: { jobs, events, announcements, clock, ids: randomIds },
    ...apiPlug(environment, shipped),
    long_poll_seconds: Number(needed(environment, env.longPollSeconds)),
  };
}
