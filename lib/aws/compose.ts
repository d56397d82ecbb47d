import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ConfigError } from '../core/errors.ts';
import { env } from '../env.ts';
import type { Clock, Schedules, Settings, Ticks } from '../ports.ts';
import { createDocuments, createSchedulerClient, createSnsClient, createSqsClient } from './clients.ts';
import { createDynamoDeliveries } from './dynamo-deliveries.ts';
import { createDynamoEvents } from './dynamo-events.ts';
import { createDynamoJobStore } from './dynamo-job-store.ts';
import { createEventBridgeSchedules } from './eventbridge-schedules.ts';
import type { ShippedConfiguration } from './shipped-configuration.ts';
import { createSnsAnnouncements } from './sns-announcements.ts';
import { createSqsTicks } from './sqs-ticks.ts';

/*
 * What functions have in common. Each function's own `compose-….ts` reads its environment once, when it starts, and takes
 * from here what its role may use, and no more; modules that a function does not name stay out of its bundle.
 */

/** The variables of a function. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const clock: Clock = { now: Date.now, sleep: (ms) => sleep(ms) };
/** A held answer looks this often, ms. */
const waitLookMs = 2_000;
/** Progress alone is written once a minute at most. */
const progressSaveMs = 60_000;

/** Jobs, inbox, ticks and announcements: what every writer has. */
export function corePorts(environment: Environment, shipped: ShippedConfiguration) {
  const { jobs, events, deliveries } = store(environment, shipped);
  const sqs = createSqsClient();
  const ticks: Ticks = createSqsTicks({ sqs, queue_url: needed(environment, env.tickQueueUrl), clock });
  const announcements = createSnsAnnouncements({
    sns: createSnsClient(),
    topic_arn: needed(environment, env.outcomesTopicArn),
    chat_topic_arn: environment[env.chatTopicArn] ?? null,
    deliveries,
    sqs,
    delivery_queue_url: needed(environment, env.deliveryQueueUrl),
    clock,
  });
  return { jobs, events, ticks, announcements, clock };
}

export const tableOf = (
  environment: Environment,
): { documents: DynamoDBDocumentClient; table: string; clock: Clock } => ({
  documents: createDocuments(),
  table: needed(environment, env.jobTable),
  clock,
});

/** The adapters over the table, on one client. */
export function store(environment: Environment, { configuration: { retention_days } }: ShippedConfiguration) {
  const of = { ...tableOf(environment), retention_days };
  return {
    ...of,
    jobs: createDynamoJobStore(of),
    events: createDynamoEvents(of),
    deliveries: createDynamoDeliveries(of),
  };
}

/** Who may only delete knows neither where schedules send nor as whom. */
export function schedules(environment: Environment, may: 'create' | 'delete'): Schedules {
  const forCreating = (name: string): string => (may === 'create' ? needed(environment, name) : '');
  const port = createEventBridgeSchedules({
    scheduler: createSchedulerClient(),
    group: needed(environment, env.scheduleGroup),
    target_arn: forCreating(env.scheduleTargetArn),
    role_arn: forCreating(env.scheduleRoleArn),
    dead_letter_arn: forCreating(env.scheduleDeadLetterArn),
    watchdog_minutes: Number(forCreating(env.watchdogMinutes)),
    clock,
  });
  if (may === 'create') return port;
  return { create: () => Promise.reject(new ConfigError('this function may make no schedules')), delete: port.delete };
}

export function settingsOf(
  environment: Environment,
  { configuration, targets }: ShippedConfiguration,
  kinds: Settings['kinds'],
): Settings {
  const { cli_command, max_active_jobs_per_owner, max_checks_per_job, retention_days } = configuration;
  return {
    kinds,
    connections: new Map(Object.entries(configuration.connections)),
    targets,
    address: { cli_command, base_url: needed(environment, env.baseUrl) },
    limits: {
      max_active_jobs_per_owner,
      max_checks_per_job,
      retention_days,
      wait_look_ms: waitLookMs,
      progress_save_ms: progressSaveMs,
    },
  };
}

/** A variable that the stack sets together with the grant. */
export function needed(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '')
    throw new ConfigError(`the variable ${name} is not set; deploy the stack again`);
  return value;
}
