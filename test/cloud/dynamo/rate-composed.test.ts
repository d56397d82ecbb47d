import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { tickPorts } from '../../../lib/aws/compose-poll.ts';
import { readConfiguration } from '../../../lib/core/configuration.ts';
import { env } from '../../../lib/env.ts';
import { answer, type FaultServer, startFaultServer } from '../../support/fault-server.ts';
import { dynamoWorld } from './dynamo-world.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
let server: FaultServer;
beforeAll(async () => {
  world = await dynamoWorld();
  server = await startFaultServer(() => answer(429, '{}', { 'retry-after': '60' }));
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await Promise.all([world.close(), server.close()]);
});

/** The transport as the functions start and poll compose it. */
function composed(table: string) {
  const open = { transport: 'http', url: server.origin, allow_http: true, allow_private_network: true };
  const read = readConfiguration({ connections: { paced: { ...open, rate_per_minute: 600 }, free: open } });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  for (const [name, value] of [
    ['AWS_ENDPOINT_URL_DYNAMODB', world.front.endpoint],
    ['AWS_REGION', 'eu-west-1'],
    ['AWS_ACCESS_KEY_ID', 'local'],
    ['AWS_SECRET_ACCESS_KEY', 'local'],
  ] as const)
    vi.stubEnv(name, value);
  const given = Object.fromEntries(Object.values(env).map((name) => [name, name === env.jobTable ? table : 'unused']));
  const shipped = { version: '0', configuration: read.configuration, targets: [] };
  return tickPorts(given, shipped, () => undefined).transports.http;
}
const callOf = (connection: string) => ({
  connection,
  call: { url: '/run' },
  budget_ms: 10_000,
  redirects_as_answers: [],
});

it('leases calls, and writes a cool-down, in the job table: for a connection with a rate, in every process', async () => {
  const { table } = await world.freshTable();
  const [one, another] = [composed(table), composed(table)];
  expect(await one.call(callOf('paced'))).toMatchObject({ answered: true, http_status: 429 });
  const items = await world.front.items(table);
  expect(items.map(({ pk, sk }) => [pk?.S, sk?.S])).toEqual([['RATE#paced', 'SPENT']]);
  expect(Object.keys(items[0] ?? {}).sort()).toEqual(['cool_until_ms', 'expires_at', 'pk', 'sk', 'spent_until_ms']);
  expect(await another.call(callOf('paced'))).toMatchObject({ postponed: true });
  expect(server.seen).toHaveLength(1);
});

it('writes nothing for a connection without a rate', async () => {
  const { table } = await world.freshTable();
  expect(await composed(table).call(callOf('free'))).toMatchObject({ answered: true, http_status: 429 });
  expect(await world.front.items(table)).toEqual([]);
});
