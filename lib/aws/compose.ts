import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Address } from '../core/descriptor.ts';
import { ConfigError } from '../core/errors.ts';
import { env } from '../env.ts';
import type { Announcements, Clock, Schedules, Settings, Ticks } from '../ports.ts';
import { createDocuments, createSqsClient } from './clients.ts';
import { createDynamoEvents } from './dynamo-events.ts';
import { createDynamoJobStore } from './dynamo-job-store.ts';
import { clock, type Environment, needed } from './environment.ts';
import type { ShippedConfiguration } from './shipped-configuration.ts';
import { createSqsTicks } from './sqs-ticks.ts';

/*
 * What functions have in common. Each function's own `compose-….ts` reads its environment once, when it starts, and takes
 * from here what its role may use, and no more; modules that a function does not name stay out of its bundle.
 */

/** A held answer looks this often, ms. */
const waitLookMs = 2_000;
/** Progress alone is written once a minute at most. */
const progressSaveMs = 60_000;

/** Jobs, inbox, ticks and announcements: what every writer has. `sqs` is for who sends more than these. */
export function corePorts(
  environment: Environment,
  { jobs, events, ...stored }: ReturnType<typeof store>,
  sqs = createSqsClient(),
) {
  const ticks: Ticks = createSqsTicks({ sqs, queue_url: needed(environment, env.tickQueueUrl), clock });
  const options = {
    topic_arn: needed(environment, env.outcomesTopicArn),
    chat_topic_arn: environment[env.chatTopicArn] ?? null,
    stored,
    sqs,
    delivery_queue_url: needed(environment, env.deliveryQueueUrl),
    clock,
  };
  // Most checks end nothing: the client and the words of events are loaded with the first event.
  const topics = whenNeeded(() =>
    import('./compose-announcements.ts').then(({ announcementsOn }) => announcementsOn(options)),
  );
  const announcements: Announcements = {
    publish: async (...said) => (await topics()).publish(...said),
    list: async (ref) => (await topics()).list(ref),
  };
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
export function store(environment: Environment, { configuration }: ShippedConfiguration) {
  const of = { ...tableOf(environment), retention_days: configuration.retention_days };
  const jobs = createDynamoJobStore(of);
  return {
    ...of,
    jobs,
    events: createDynamoEvents({ ...of, jobs, address: () => addressOf(environment, configuration) }),
  };
}

const addressOf = (environment: Environment, { cli_command }: ShippedConfiguration['configuration']): Address => ({
  cli_command,
  base_url: needed(environment, env.baseUrl),
});

/** For who ends jobs and begins none. The client is loaded with the first job that ends. */
export function schedulesToDelete(environment: Environment): Schedules {
  needed(environment, env.scheduleGroup);
  const port = whenNeeded(() =>
    import('./compose-schedules.ts').then(({ schedules }) => schedules(environment, 'delete')),
  );
  return {
    create: () => Promise.reject(new ConfigError('this function may make no schedules')),
    delete: async (ref) => (await port()).delete(ref),
  };
}

/** Makes something when it is first asked for, and keeps it. */
export function whenNeeded<Port>(make: () => Promise<Port>): () => Promise<Port> {
  let made: Promise<Port> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export function settingsOf(
  environment: Environment,
  { configuration, targets }: ShippedConfiguration,
  kinds: Settings['kinds'],
): Settings {
  const { max_active_jobs_per_owner, max_checks_per_job, retention_days } = configuration;
  return {
    kinds,
    connections: new Map(Object.entries(configuration.connections)),
    targets,
    address: addressOf(environment, configuration),
    limits: {
      max_active_jobs_per_owner,
      max_checks_per_job,
      retention_days,
      wait_look_ms: waitLookMs,
      watchdog_seconds: 60 * Number(environment[env.watchdogMinutes] ?? 1),
      progress_save_ms: progressSaveMs,
    },
  };
}
