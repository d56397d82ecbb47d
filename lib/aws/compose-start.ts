import type { Ports } from '../ports.ts';
import { randomIds } from '../random-ids.ts';
import type { TokenNews } from '../transports/oauth/refresh-tokens.ts';
import { apiPlug } from './compose-api.ts';
import { tickPorts } from './compose-poll.ts';
import { schedules } from './compose-schedules.ts';
import type { Environment } from './environment.ts';
import { readShipped } from './shipped-configuration.ts';

/** The start function: what a tick touches, and making schedules. */
export function composeStart(tell: (news: TokenNews) => void, environment: Environment = process.env) {
  const shipped = readShipped();
  const ports: Ports = {
    ...tickPorts(environment, shipped, tell),
    schedules: schedules(environment, 'create'),
    ids: randomIds,
  };
  return { ports, ...apiPlug(environment, shipped) };
}
