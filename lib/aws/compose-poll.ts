import { env } from '../env.ts';
import type { TickPorts } from '../flow/run-tick.ts';
import type { SendMany } from '../ports.ts';
import type { SeenBy } from '../transports/examine-connection.ts';
import { createHttpTransport } from '../transports/http-transport.ts';
import type { McpTransport } from '../transports/mcp-transport.ts';
import { createNodeDispatchers } from '../transports/node-dispatchers.ts';
import type { TokenNews } from '../transports/oauth/refresh-tokens.ts';
import type { OpenRateBudget, RateBudget } from '../transports/rate-budget.ts';
import { tokensLater } from '../transports/tokens-later.ts';
import { createSecretsManagerClient, createSqsClient } from './clients.ts';
import { corePorts, schedulesToDelete, settingsOf, store, whenNeeded } from './compose.ts';
import { composeSecrets } from './compose-secrets.ts';
import type { DynamoRateLeasesOptions } from './dynamo-rate-leases.ts';
import { openTable } from './dynamo-table.ts';
import { clock, type Environment, needed } from './environment.ts';
import { readShipped, type ShippedConfiguration } from './shipped-configuration.ts';
import { createSqsSendMany } from './sqs-ticks.ts';

/** What a tick touches: it calls out, and it deletes schedules but makes none. */
export function tickPorts(
  environment: Environment,
  shipped: ShippedConfiguration,
  tell: (news: TokenNews) => void,
  sqs = createSqsClient(),
): TickPorts & { transports: SeenBy } {
  const connections = new Map(Object.entries(shipped.configuration.connections));
  const stored = store(environment, shipped);
  const on = { documents: stored.documents, table: stored.table, now: clock.now };
  const openRateBudget: OpenRateBudget = (connection, rate_per_minute) =>
    rateBudgetLater({ ...on, connection }, rate_per_minute);
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
  const laterMcp: Pick<McpTransport, 'call' | 'probe'> = {
    call: async (request) => (await mcp()).call(request),
    probe: async (request) => (await mcp()).probe(request),
  };
  return {
    ...corePorts(environment, stored, sqs),
    schedules: schedulesToDelete(environment),
    transports: { http: createHttpTransport(outward), mcp: laterMcp },
  };
}

/** Most connections have no rate. */
function rateBudgetLater(options: DynamoRateLeasesOptions, rate_per_minute: number): RateBudget {
  const budget = whenNeeded(async () =>
    (await import('./compose-rate-budget.ts')).rateBudgetOn(options, rate_per_minute),
  );
  return {
    take: async (now_ms) => (await budget()).take(now_ms),
    coolDown: async (until_ms) => (await budget()).coolDown(until_ms),
  };
}

/** The poll function. Its settings need no kinds: each job brings its own. */
export function composePoll(tell: (news: TokenNews) => void, environment: Environment = process.env) {
  const shipped = readShipped();
  const sqs = createSqsClient();
  const ports = tickPorts(environment, shipped, tell, sqs);
  const sendMany: SendMany = createSqsSendMany({ sqs, queue_url: needed(environment, env.tickQueueUrl), clock });
  return {
    ports,
    settings: settingsOf(environment, shipped, new Map()),
    sendMany,
    after: (ms: number, run: () => void): (() => void) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
}
