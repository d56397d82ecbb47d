import type { TickPorts } from '../flow/run-tick.ts';
import type { Settings } from '../ports.ts';
import { createHttpTransport } from '../transports/http-transport.ts';
import { unspoken } from '../transports/unspoken.ts';
import { clock, corePorts, type Environment, schedules, settingsOf } from './compose.ts';
import { composeSecrets } from './compose-secrets.ts';
import { readShipped, type ShippedConfiguration } from './shipped-configuration.ts';

/** What a tick touches: it calls out, and it deletes schedules but makes none. */
export function tickPorts(environment: Environment, shipped: ShippedConfiguration): TickPorts {
  const connections = new Map(Object.entries(shipped.configuration.connections));
  return {
    ...corePorts(environment, shipped),
    schedules: schedules(environment, 'delete'),
    transports: {
      http: createHttpTransport({ connections, secrets: composeSecrets(), clock }),
      mcp: unspoken('mcp'),
    },
  };
}

/** The poll function. Its settings need no kinds: each job brings its own. */
export function composePoll(environment: Environment = process.env): { ports: TickPorts; settings: Settings } {
  const shipped = readShipped();
  return { ports: tickPorts(environment, shipped), settings: settingsOf(environment, shipped, new Map()) };
}
