import { env } from '../env.ts';
import type { TickPorts } from '../flow/run-tick.ts';
import type { SendMany, Settings } from '../ports.ts';
import { createHttpTransport } from '../transports/http-transport.ts';
import { createLeasedRateBudget } from '../transports/leased-rate-budget.ts';
import { createMcpTransport } from '../transports/mcp-transport.ts';
import { createNodeDispatchers } from '../transports/node-dispatchers.ts';
import type { OpenRateBudget } from '../transports/rate-budget.ts';
import { createSqsClient } from './clients.ts';
import { corePorts, schedulesToDelete, settingsOf, store } from './compose.ts';
import { composeSecrets } from './compose-secrets.ts';
import { createDynamoRateLeases } from './dynamo-rate-leases.ts';
import { clock, type Environment, needed } from './environment.ts';
import { readShipped, type ShippedConfiguration } from './shipped-configuration.ts';
import { createSqsSendMany } from './sqs-ticks.ts';

/** What a tick touches: it calls out, and it deletes schedules but makes none. */
export function tickPorts(environment: Environment, shipped: ShippedConfiguration): TickPorts {
  const connections = new Map(Object.entries(shipped.configuration.connections));
  const stored = store(environment, shipped);
  const on = { documents: stored.documents, table: stored.table, now: clock.now };
  const openRateBudget: OpenRateBudget = (connection, rate_per_minute) =>
    createLeasedRateBudget({ leases: createDynamoRateLeases({ ...on, connection }), rate_per_minute, now: clock.now });
  const outward = {
    connections,
    secrets: composeSecrets(),
    clock,
    openDispatchers: createNodeDispatchers,
    openRateBudget,
  };
  return {
    ...corePorts(environment, stored),
    schedules: schedulesToDelete(environment),
    transports: { http: createHttpTransport(outward), mcp: createMcpTransport(outward) },
  };
}

/** The poll function. Its settings need no kinds: each job brings its own. */
export function composePoll(environment: Environment = process.env): {
  ports: TickPorts;
  settings: Settings;
  sendMany: SendMany;
} {
  const shipped = readShipped();
  const ports = tickPorts(environment, shipped);
  const queue_url = needed(environment, env.tickQueueUrl);
  return {
    ports,
    settings: settingsOf(environment, shipped, new Map()),
    sendMany: createSqsSendMany({ sqs: createSqsClient(), queue_url, clock }),
  };
}
