import { createDynamoDeliveries } from '../../lib/aws/dynamo-deliveries.ts';
import { createDynamoEvents } from '../../lib/aws/dynamo-events.ts';
import { createDynamoJobStore } from '../../lib/aws/dynamo-job-store.ts';
import { createEventBridgeSchedules } from '../../lib/aws/eventbridge-schedules.ts';
import { createSnsAnnouncements } from '../../lib/aws/sns-announcements.ts';
import { createSqsTicks, readTick } from '../../lib/aws/sqs-ticks.ts';
import { readConfiguration } from '../../lib/core/configuration.ts';
import { plantTree } from '../../lib/core/jmespath.ts';
import { runTick } from '../../lib/flow/run-tick.ts';
import { startJob } from '../../lib/flow/start-job.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import type { Answer, Ports, Settings } from '../../lib/ports.ts';
import { randomIds } from '../../lib/random-ids.ts';
import { dynamoWorld } from '../../test/cloud/dynamo/dynamo-world.ts';
import { clockOf, cloudWorld } from '../../test/cloud/queues/cloud-world.ts';
import { noTools } from '../../test/support/no-tools.ts';
import type { Counts } from './bill.ts';

/** A job as its remote system has it: how long it runs, and what the caller expected. */
export type Scenario = { name: string; share: number; runs_seconds: number; expected_seconds: number };

/** The cloud engine's adapters on servers that stand for AWS, in a time of their own. Close it. */
export async function countedCloud(options: { watchdog_minutes: number }) {
  const epoch_ms = Date.parse('2026-11-21T09:00:00.000Z');
  const cloud = await cloudWorld({ epoch_ms });
  const dynamo = await dynamoWorld();
  const { time, front, clients } = cloud;
  const clock = clockOf(time);
  const { table } = await dynamo.freshTable();
  const on = { documents: dynamo.connect(), table, clock };
  let ends_at_ms = 0;
  let checks = 0;
  const ports: Ports = {
    jobs: createDynamoJobStore(on),
    events: createDynamoEvents(on),
    ticks: createSqsTicks({ sqs: clients.sqs, queue_url: front.queueUrl('ticks'), clock }),
    schedules: createEventBridgeSchedules({
      scheduler: clients.scheduler,
      group: 'jobs',
      target_arn: front.queueArn('ticks'),
      role_arn: 'arn:aws:iam::000000000000:role/scheduler',
      dead_letter_arn: front.queueArn('dead'),
      watchdog_minutes: options.watchdog_minutes,
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

  return {
    /** Hands one job over, lets it run to its end, and says what was billed. */
    run: async ({ runs_seconds, expected_seconds }: Scenario): Promise<Counts> => {
      const from = { billed: dynamo.front.billed.length, calls: front.calls.length };
      const beaten = cloud.scheduler.firings.length;
      checks = 0;
      ends_at_ms = time.now() + runs_seconds * 1000;
      const ticks = { looking: 0, idle: 0 };
      cloud.onRest(async () => {
        for (const body of await cloud.take('ticks')) {
          const before = checks;
          await runTick(ports, settings, readTick(body));
          if (checks > before) ticks.looking += 1;
          else ticks.idle += 1;
        }
      });
      const job = await startJob(ports, settings, {
        owner: 'me',
        idempotency_key: 'bill',
        body: bodyOf(expected_seconds),
      });
      await time.advance(runs_seconds + 300);
      const billed = dynamo.front.billed.slice(from.billed);
      const settled = await ports.jobs.load(job.job_id);
      if (settled?.state.status !== 'complete' || cloud.scheduler.schedules().length > 0)
        throw new Error(`the job did not end as it must: ${settled?.state.status}`);
      const sum = (unit: 'wru' | 'rru'): number => billed.reduce((total, call) => total + call[unit], 0);
      return {
        checks,
        api_requests: 1,
        looking_ticks: ticks.looking,
        idle_ticks: ticks.idle,
        heartbeats: cloud.scheduler.firings.length - beaten,
        write_units: sum('wru'),
        read_units: sum('rru'),
        publishes: front.calls.slice(from.calls).filter(({ action }) => action === 'sns:Publish').length,
      };
    },
    close: async () => {
      await cloud.close();
      await dynamo.close();
    },
  };
}

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
const settings: Settings = {
  kinds: kindsWith([]),
  connections: new Map(Object.entries(configured.configuration.connections)),
  targets: [],
  address: { cli_command: 'untildone', base_url: 'https://abc123.execute-api.eu-west-1.amazonaws.com' },
  limits: {
    max_active_jobs_per_owner: 1000,
    max_checks_per_job: 200_000,
    retention_days: 30,
    wait_look_ms: 2000,
    progress_save_ms: 60_000,
  },
};

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
