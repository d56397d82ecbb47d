import { randomIds } from '../random-ids.ts';
import { corePorts, schedulesToDelete, store } from './compose.ts';
import { apiPlug } from './compose-api.ts';
import type { Environment } from './environment.ts';
import { readShipped } from './shipped-configuration.ts';

/** The cancel function: writing the wish, waking the job, and settling one that is only to be watched no longer. */
export function composeCancel(environment: Environment = process.env) {
  const shipped = readShipped();
  const ports = {
    ...corePorts(environment, store(environment, shipped)),
    schedules: schedulesToDelete(environment),
    ids: randomIds,
  };
  return { ports, ...apiPlug(environment, shipped) };
}
