import { createPollHandler } from '../../functions/poll/handler.ts';
import { createDynamoDeliveries } from '../../lib/aws/dynamo-deliveries.ts';
import { createDynamoEvents } from '../../lib/aws/dynamo-events.ts';
import { createDynamoJobStore } from '../../lib/aws/dynamo-job-store.ts';
import { createEventBridgeSchedules } from '../../lib/aws/eventbridge-schedules.ts';
import { rememberCounts } from '../../lib/aws/remembered-counts.ts';
import { createSnsAnnouncements } from '../../lib/aws/sns-announcements.ts';
import { createSqsSendMany, createSqsTicks, readTick } from '../../lib/aws/sqs-ticks.ts';
import { readConfiguration } from '../../lib/core/configuration.ts';
import { plantTree } from '../../lib/core/jmespath.ts';
import { startJob } from '../../lib/flow/start-job.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import type { Answer, Ports, Settings } from '../../lib/ports.ts';
import { randomIds } from '../../lib/random-ids.ts';
import { dynamoWorld } from '../../test/cloud/dynamo/dynamo-world.ts';
import { clockOf, cloudWorld } from '../../test/cloud/queues/cloud-world.ts';
import { batchOf } from '../../test/functions/hearing.ts';
import { noTools } from '../../test/support/no-tools.ts';
import type { Counts } from './bill.ts';

/** A job as its remote system has it: how long it runs, and what the caller expected. */
export type Scenario = { name: string; share: number; runs_seconds: number; expected_seconds: number };

/** Jobs handed over at once, whose ticks then come in batches of as many. */
export type Batch = 1 | 10;

/** The cloud engine's adapters on servers that stand for AWS, in a time of their own. Close it. */
export async function countedCloud(options: { watchdog_minutes: number }) {
  const epoch_ms = Date.parse('2026-11-21T09:00:00.000Z');
  const cloud = await cloudWorld({ epoch_ms });
  const dynamo = await dynamoWorld();
  const { time, front, clients } = cloud;
  const clock = clockOf(time);
  const { table } = await dynamo.freshTable();
  const on = { documents: dynamo.connect(), table, clock };
  const settings = settingsWith(options.watchdog_minutes);
  const jobs = createDynamoJobStore(on);
  let ends_at_ms = 0;
  let checks = 0;
  const ports: Ports = {
    jobs: { ...jobs, countActive: rememberCounts(jobs.countActive, clock) },
    events: createDynamoEvents({ ...on, jobs, address: () => settings.address }),
    ticks: createSqsTicks({ sqs: clients.sqs, queue_url: front.queueUrl('ticks'), clock }),
    schedules: createEventBridgeSchedules({
      scheduler: clients.scheduler,
      group: 'jobs',
      target_arn: front.queueArn('ticks'),
      role_arn: 'arn:aws:iam::000000000000:role/scheduler',
      dead_letter_arn: front.queueArn('dead'),
      clock,
    }),
    announcements: createSnsAnnouncements({
      sns: clients.sns,
      topic_arn: await cloud.topic('outcomes'),
      chat_topic_arn: null,
      deliveries: createDynamoDeliveries(on),
      sqs: clients.sqs,
      delivery_queue_url: null,
      clock,
    }),
    transports: { mcp: noTools, http: { call: ({ call }) => Promise.resolve(look(call.method)) } },
    clock,
    ids: randomIds,
  };

  function look(method = 'GET'): Answer {
    if (method === 'GET') checks += 1;
    return answerWith(
      method === 'POST' ? { id: 'run-7' } : { state: time.now() < ends_at_ms ? 'RUNNING' : 'FINISHED' },
    );
  }

  const ticks = { looking: 0, idle: 0 };
  const poll = createPollHandler(ports, {
    settings,
    readTick,
    sendMany: createSqsSendMany({ sqs: clients.sqs, queue_url: front.queueUrl('ticks'), clock }),
    // Every remote system answers at once here: nobody waits for a slow one.
    after: () => () => undefined,
    log: { debug: heard, info: heard, error: failed },
    measure: () => undefined,
  });
  function heard(_: string, { verdict }: Record<string, unknown>): void {
    ticks[verdict === undefined ? 'idle' : 'looking'] += 1;
  }
  async function pollAll(batch: Batch): Promise<void> {
    if (front.depth('ticks').ready === 0) return;
    const bodies = await cloud.take('ticks');
    for (let from = 0; from < bodies.length; from += batch)
      await poll(batchOf(...bodies.slice(from, from + batch).map((body) => readTick(body))));
  }

  return {
    /** Hands jobs over, lets them run to their end, and says what was billed for one. */
    run: async ({ runs_seconds, expected_seconds }: Scenario, batch: Batch = 1): Promise<Counts> => {
      const from = { billed: dynamo.front.billed.length, calls: front.calls.length, batches: front.batches.length };
      const beaten = cloud.scheduler.firings.length;
      checks = 0;
      Object.assign(ticks, { looking: 0, idle: 0 });
      ends_at_ms = time.now() + runs_seconds * 1000;
      const job_ids: string[] = [];
      for (let number = 0; number < batch; number += 1) {
        const call = { owner: 'me', idempotency_key: `bill ${number}`, body: bodyOf(expected_seconds) };
        job_ids.push((await startJob(ports, settings, call)).job_id);
      }
      // Second by second, so that what falls due at once is taken at once.
      for (let second = 0; second < runs_seconds + 300; second += 1) {
        await pollAll(batch);
        await time.advance(1);
      }
      const billed = dynamo.front.billed.slice(from.billed);
      const ended = await Promise.all(job_ids.map((job_id) => ports.jobs.load(job_id)));
      if (ended.some((job) => job?.state.status !== 'complete') || cloud.scheduler.schedules().length > 0)
        throw new Error(`the jobs did not end as they must: ${ended.map((job) => job?.state.status)}`);
      const sum = (unit: 'wru' | 'rru'): number => billed.reduce((total, call) => total + call[unit], 0);
      const requests = (action: string): number =>
        front.calls.slice(from.calls).filter((call) => call.action === action).length;
      const batches = front.batches.slice(from.batches);
      const all: Counts = {
        checks,
        api_requests: batch,
        looking_ticks: ticks.looking,
        idle_ticks: ticks.idle,
        sends: requests('sqs:SendMessage'),
        heartbeats: cloud.scheduler.firings.length - beaten,
        write_units: sum('wru'),
        read_units: sum('rru'),
        publishes: batches.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 65_536), 0),
        deliveries: batches.reduce((sum, { messages }) => sum + messages, 0),
      };
      return Object.fromEntries(Object.entries(all).map(([name, number]) => [name, number / batch])) as Counts; // of the same names
    },
    close: async () => {
      await cloud.close();
      await dynamo.close();
    },
  };
}

const failed = (why: string, fields: Record<string, unknown>): never => {
  throw new Error(why, { cause: fields['error'] });
};

const answerWith = (body: unknown): Answer => ({
  answered: true,
  http_status: 200,
  body: plantTree(body),
  unparseable: null,
  links: {},
  retry_after_seconds: null,
  rate_limited: false,
});

const configured = readConfiguration({ connections: { ci: { transport: 'http', url: 'https://ci.example.com' } } });
if (!configured.ok) throw new Error('the configuration of the count is wrong');
const connections = new Map(Object.entries(configured.configuration.connections));
const settingsWith = (watchdog_minutes: number): Settings => ({
  kinds: kindsWith([]),
  connections,
  targets: [],
  address: { cli_command: 'untildone', base_url: 'https://abc123.execute-api.eu-west-1.amazonaws.com' },
  limits: {
    max_active_jobs_per_owner: 1000,
    max_checks_per_job: 200_000,
    retention_days: 30,
    wait_look_ms: 2000,
    watchdog_seconds: 60 * watchdog_minutes,
    progress_save_ms: 60_000,
  },
});

/** The size of what callers send. */
const bodyOf = (expected_seconds: number): Record<string, unknown> => ({
  kind: 'http',
  connection: 'ci',
  name: 'checkout load test',
  expected_seconds,
  labels: { team: 'perf' },
  input: {
    start: { url: '/runs' },
    handle: { id: 'id' },
    status: { url: '/runs/{id}' },
    cancel: { method: 'POST', url: '/runs/{id}/cancel' },
  },
  acceptors: ['FINISHED', 'ERROR', 'ABORTED'].map((expected, position) => ({
    state: (['success', 'failure', 'cancelled'] as const)[position],
    matcher: { path: 'state', expected, comparator: 'stringEquals' },
  })),
  paths: { message: 'error.message', upstream_state: 'state', result: 'figures' },
});
