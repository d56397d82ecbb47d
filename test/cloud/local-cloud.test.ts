import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answer, type FaultServer, startFaultServer } from '../support/fault-server.ts';
import { startBody } from '../support/world.ts';
import { gateOf, tokenOf } from './local/gate-of.ts';
import { type LocalCloud, startLocalCloud } from './local/local-cloud.ts';
import { synthesize } from './local/synthesize.ts';

let directory: string;
let remote: FaultServer;
let cloud: LocalCloud;
let gate: ReturnType<typeof gateOf>;

const json = (status: number, body: unknown): string =>
  answer(status, JSON.stringify(body), { 'content-type': 'application/json' });
const looks = (): number => remote.seen.filter(({ method }) => method === 'GET').length;

beforeAll(async () => {
  // Two looks see it running: one by the start function, one by the poll function.
  remote = await startFaultServer(({ method }) => {
    if (method === 'POST') return json(202, { id: 'run-7' });
    return json(200, looks() < 3 ? { state: 'RUNNING' } : { state: 'FINISHED', figures: { p95_ms: 212 } });
  });
  directory = mkdtempSync(join(tmpdir(), 'local-cloud-'));
  const ci = { transport: 'http', url: remote.origin, allow_http: true, allow_private_network: true };
  synthesize(directory, { configuration: { connections: { ci } }, emails: ['ops@example.com'] });
  gate = gateOf(directory, 'Local.template.json');
  cloud = await startLocalCloud({ directory, authorize: gate.authorize, token_of: tokenOf });
}, 120_000);
afterAll(async () => {
  await cloud.close();
  await remote.close();
  rmSync(directory, { recursive: true });
});

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const sent = await fetch(`${cloud.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: sent.status, body: await sent.json() };
}

it('a job is handed over, checked until it is done and told of once; then its schedule is gone', async () => {
  const named = { name: 'checkout load test', expected_seconds: 30 };
  const started = await call('POST', '/v1/jobs', startBody(named));
  expect(started).toMatchObject({ status: 202, body: { status: 'running', handle: { id: 'run-7' }, checks: 1 } });
  const { job_id } = Object(started.body);
  expect(cloud.jobSchedules()).toMatchObject([{ input: { State: 'ENABLED' } }]);

  await expect.poll(() => cloud.queues.mailbox, { timeout: 20_000 }).toHaveLength(1);
  expect(cloud.queues.mailbox).toMatchObject([
    {
      protocol: 'email',
      endpoint: 'ops@example.com',
      subject: expect.stringMatching(/^COMPLETE · checkout load test · \d+s$/),
      text: expect.stringContaining(job_id),
    },
  ]);
  await expect.poll(() => cloud.jobSchedules()).toEqual([]);
  expect(await call('GET', `/v1/jobs/${job_id}`)).toMatchObject({
    status: 200,
    body: { status: 'complete', result: { p95_ms: 212 }, checks: 3 },
  });
  expect(await call('GET', '/v1/events')).toMatchObject({ status: 200, body: { events: [{ type: 'job.settled' }] } });
  expect(await call('GET', '/v2/jobs')).toEqual({ status: 404, body: { message: 'Not Found' } });

  // A process each for start, poll and status, reused.
  expect(cloud.lambda.started()).toBe(3);
  expect(cloud.queues.calls.filter(({ action }) => action === 'sns:Publish')).toHaveLength(1);
  expect(
    [cloud.dynamo, cloud.queues, cloud.scheduler].flatMap(({ calls }) => calls.filter(({ error }) => error)),
  ).toEqual([]);

  // The policies were asked, each by its own role: the schedule was deleted by the poll function, not by the start function.
  const deleting = gate.unused().filter((grant) => grant.includes('scheduler:DeleteSchedule'));
  expect(deleting).toContainEqual(expect.stringMatching(/^UntilDoneStartRole/));
  expect(deleting).not.toContainEqual(expect.stringMatching(/^UntilDonePollRole/));
}, 40_000);
