import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { sendSlack } from '../announce/slack-webhook.ts';
import type { Teller } from '../announce/tell-target.ts';
import { sendWebhook } from '../announce/webhook.ts';
import { targetSecret } from '../core/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import { apiAuths, env } from '../env.ts';
import { kindsWith } from '../kinds/registry.ts';
import type { Announcements, Clock, Ports, Schedules, Settings, Ticks } from '../ports.ts';
import { randomIds } from '../random-ids.ts';
import { createHttpTransport } from '../transports/http-transport.ts';
import { createDispatchers } from '../transports/safe-connect.ts';
import {
  createDocuments,
  createSchedulerClient,
  createSecretsManagerClient,
  createSnsClient,
  createSqsClient,
  createSsmClient,
} from './clients.ts';
import { createDynamoActiveJobs } from './dynamo-active-jobs.ts';
import { createDynamoDeliveries } from './dynamo-deliveries.ts';
import { createDynamoEvents } from './dynamo-events.ts';
import { createDynamoJobStore } from './dynamo-job-store.ts';
import { createEventBridgeSchedules } from './eventbridge-schedules.ts';
import { createAwsSecrets } from './secrets.ts';
import { readShipped, type ShippedConfiguration } from './shipped-configuration.ts';
import { createSnsAnnouncements } from './sns-announcements.ts';
import { createSqsDeliveries } from './sqs-deliveries.ts';
import { createSqsTicks } from './sqs-ticks.ts';

/** What one function is made of, read once, when its environment starts. Each is given what its role may use, and no more. */
type Environment = Readonly<Record<string, string | undefined>>;

const clock: Clock = { now: Date.now, sleep: (ms) => sleep(ms) };
/** A held answer looks this often, ms. */
const waitLookMs = 2_000;
/** Progress alone is written once a minute at most. */
const progressSaveMs = 60_000;

/** Everything, for `POST /v1/jobs`. */
export function composeStart(environment: Environment = process.env) {
  const shipped = readShipped();
  const ports: Ports = {
    ...tickPorts(environment, shipped),
    schedules: schedules(environment, 'create'),
    ids: randomIds,
  };
  return { ports, ...apiPlug(environment, shipped) };
}

/** Reading. */
export function composeStatus(environment: Environment = process.env) {
  const shipped = readShipped();
  const { jobs, events, deliveries } = store(environment, shipped);
  const announcements: Pick<Announcements, 'list'> = {
    list: async ({ job_id }) =>
      (await deliveries.list(job_id)).map(({ target, event_id, state, attempts, last_error }) => ({
        target,
        event_id,
        state,
        attempts,
        last_error,
      })),
  };
  const long_poll_seconds = Number(needed(environment, env.longPollSeconds));
  return {
    ports: { jobs, events, announcements, clock, ids: randomIds },
    ...apiPlug(environment, shipped),
    long_poll_seconds,
  };
}

/** Writing the wish to cancel, and waking the job. */
export function composeCancel(environment: Environment = process.env) {
  const shipped = readShipped();
  const ports = { ...corePorts(environment, shipped), schedules: schedules(environment, 'delete'), ids: randomIds };
  return { ports, ...apiPlug(environment, shipped) };
}

/** A tick. Its settings need no kinds: each job brings its own. */
export function composePoll(environment: Environment = process.env) {
  const shipped = readShipped();
  return { ports: tickPorts(environment, shipped), settings: settingsOf(environment, shipped, new Map()) };
}

/** Telling single targets. */
export function composeDeliver(environment: Environment = process.env) {
  const { configuration, targets } = readShipped();
  const sqs = createSqsClient();
  const queueNamed = (name: string) => createSqsDeliveries({ sqs, queue_url: needed(environment, name), clock });
  const secrets = awsSecrets();
  const dispatchers = createDispatchers();
  const tell: Teller = (name, event) => {
    const target = targets.find((one) => one.name === name);
    if (target === undefined || target.type === 'email') return undefined;
    return secrets.resolve(targetSecret(target).reference).then((secret) => {
      const attempt = { event, now_ms: clock.now(), secret, dispatchers };
      return target.type === 'slack' ? sendSlack({ target, ...attempt }) : sendWebhook({ target, ...attempt });
    });
  };
  return {
    tell,
    clock,
    deliveries: createDynamoDeliveries({ ...tableOf(environment), retention_days: configuration.retention_days }),
    queue: { again: queueNamed(env.deliveryQueueUrl).send, giveUp: queueNamed(env.deliveryDeadLetterUrl).send },
  };
}

/** Finding jobs that nothing wakes. */
export function composeSweep(environment: Environment = process.env) {
  const shipped = readShipped();
  const { documents, table, jobs } = store(environment, shipped);
  return {
    jobs,
    activeJobs: createDynamoActiveJobs({ documents, table }),
    schedules: schedules(environment, 'create'),
    ticks: createSqsTicks({ sqs: createSqsClient(), queue_url: needed(environment, env.tickQueueUrl), clock }),
    clock,
  };
}

/** What a tick touches, as `poll` may: it deletes schedules and makes none. */
function tickPorts(environment: Environment, shipped: ShippedConfiguration): Omit<Ports, 'ids'> {
  const connections = new Map(Object.entries(shipped.configuration.connections));
  return {
    ...corePorts(environment, shipped),
    schedules: schedules(environment, 'delete'),
    transports: { http: createHttpTransport({ connections, secrets: awsSecrets(), clock }) },
  };
}

/** Jobs, inbox, ticks and announcements: what every writer has. */
function corePorts(environment: Environment, shipped: ShippedConfiguration) {
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

const tableOf = (environment: Environment): { documents: DynamoDBDocumentClient; table: string; clock: Clock } => ({
  documents: createDocuments(),
  table: needed(environment, env.jobTable),
  clock,
});

/** The adapters over the table, on one client. */
function store(environment: Environment, { configuration: { retention_days } }: ShippedConfiguration) {
  const of = { ...tableOf(environment), retention_days };
  return {
    ...of,
    jobs: createDynamoJobStore(of),
    events: createDynamoEvents(of),
    deliveries: createDynamoDeliveries(of),
  };
}

/** Who may only delete knows neither where schedules send nor as whom. */
function schedules(environment: Environment, may: 'create' | 'delete'): Schedules {
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

const awsSecrets = () =>
  createAwsSecrets({ secretsManager: createSecretsManagerClient(), ssm: createSsmClient(), now: clock.now });

function apiPlug(environment: Environment, shipped: ShippedConfiguration) {
  const given = needed(environment, env.apiAuth);
  const auth = apiAuths.find((one) => one === given);
  if (auth === undefined) throw new ConfigError(`${env.apiAuth} is "${given}"; it is one of ${apiAuths.join(', ')}`);
  const settings = settingsOf(environment, shipped, kindsWith(shipped.configuration.kinds));
  return { settings, version: shipped.version, auth, owner_claim: environment[env.ownerClaim] };
}

function settingsOf(
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
function needed(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '')
    throw new ConfigError(`the variable ${name} is not set; deploy the stack again`);
  return value;
}
