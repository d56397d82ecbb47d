import type { Ports } from '../ports.ts';
import { randomIds } from '../random-ids.ts';
import { apiPlug } from './compose-api.ts';
import { tickPorts } from './compose-poll.ts';
import { schedules } from './compose-schedules.ts';
import { clock, type Environment } from './environment.ts';
import { rememberCounts } from './remembered-counts.ts';
import { readShipped } from './shipped-configuration.ts';

/** The start function: what a tick touches, and making schedules. */
export function composeStart(environment: Environment = process.env) {
  const shipped = readShipped();
  const ticking = tickPorts(environment, shipped);
  const ports: Ports = {
    ...ticking,
    jobs: { ...ticking.jobs, countActive: rememberCounts(ticking.jobs.countActive, clock) },
    schedules: schedules(environment, 'create'),
    ids: randomIds,
  };
  return { ports, ...apiPlug(environment, shipped) };
}
