import { env } from '../env.ts';
import type { TickPorts } from '../flow/run-tick.ts';
import type { Settings } from '../ports.ts';
import { createHttpTransport } from '../transports/http-transport.ts';
import { createLeasedRateBudget } from '../transports/leased-rate-budget.ts';
import { createNodeDispatchers } from '../transports/node-dispatchers.ts';
import type { TokenNews } from '../transports/oauth/refresh-tokens.ts';
import type { OpenRateBudget } from '../transports/rate-budget.ts';
import { tokensLater } from '../transports/tokens-later.ts';
import { createSecretsManagerClient } from './clients.ts';
import { corePorts, schedulesToDelete, settingsOf, tableOf, whenNeeded } from './compose.ts';
import { composeSecrets } from './compose-secrets.ts';
import { createDynamoRateLeases } from './dynamo-rate-leases.ts';
import { openTable } from './dynamo-table.ts';
import { clock, type Environment, needed } from './environment.ts';
import { readShipped, type ShippedConfiguration } from './shipped-configuration.ts';

/** What a tick touches: it calls out, and it deletes schedules but makes none. */
export function tickPorts(
  environment: Environment,
  shipped: ShippedConfiguration,
  tell: (news: TokenNews) => void,
): TickPorts {
  const connections = new Map(Object.entries(shipped.configuration.connections));
  const on = { ...tableOf(environment), now: clock.now };
  const openRateBudget: OpenRateBudget = (connection, rate_per_minute) =>
    createLeasedRateBudget({ leases: createDynamoRateLeases({ ...on, connection }), rate_per_minute, now: clock.now });
  const secrets = composeSecrets();
  const openDispatchers = createNodeDispatchers;
  const tokens = tokensLater(async () =>
    (await import('./compose-tokens.ts')).tokensOn({
      table: openTable(on.documents, on.table),
      secretsManager: createSecretsManagerClient,
      secrets,
      openDispatchers,
      clock,
      tell,
      token_key_arn: needed(environment, env.tokenKeyArn),
    }),
  );
  const outward = {
    connections,
    secrets,
    clock,
    openDispatchers,
    openRateBudget,
    openTokens: tokens.open,
  };
  // The other transport has read all connections by now, so that what is wrong with one is told at the start.
  const mcp = whenNeeded(async () => (await import('../transports/mcp-transport.ts')).createMcpTransport(outward));
  return {
    ...corePorts(environment, shipped),
    schedules: schedulesToDelete(environment),
    transports: { http: createHttpTransport(outward), mcp: { call: async (request) => (await mcp()).call(request) } },
  };
}

/** The poll function. Its settings need no kinds: each job brings its own. */
export function composePoll(
  tell: (news: TokenNews) => void,
  environment: Environment = process.env,
): { ports: TickPorts; settings: Settings } {
  const shipped = readShipped();
  return { ports: tickPorts(environment, shipped, tell), settings: settingsOf(environment, shipped, new Map()) };
}
