import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { CreateScheduleGroupCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoFront, type DynamoFrontOptions, startDynamoFront } from '../dynamo-front.ts';
import { type QueueFront, type QueueFrontOptions, startQueueFront } from '../queue-front.ts';
import type { Authorize } from '../queues/api-call.ts';
import { createSqsSender } from '../scheduler/sqs-sender.ts';
import { type SchedulerServer, type SchedulerServerOptions, startSchedulerServer } from '../scheduler-server.ts';
import { type DescribedCloud, describeCloud, type FunctionDescription } from './described-cloud.ts';
import { startEventSource } from './event-source.ts';
import { type HttpFront, startHttpFront } from './http-front.ts';
import { type LambdaHost, type LogLine, startLambdaHost } from './lambda-host.ts';
import { type Place, readTemplate } from './resolve-template.ts';

export type LocalCloudOptions = {
  /** The assembly, with one template and its bundles. */
  directory: string;
  /** The session token a role calls with, so that the servers can tell what it may. */
  token_of?: (role_arn: string) => string;
  /** What every call but our own is weighed by; everything is allowed unless given. */
  authorize?: Authorize;
  dynamo?: DynamoFrontOptions;
  queues?: QueueFrontOptions;
  scheduler?: Partial<SchedulerServerOptions>;
  port?: number;
  onLine?: (line: LogLine) => void;
};
export type LocalCloud = {
  /** Where the HTTP API is. */
  url: string;
  described: DescribedCloud;
  dynamo: DynamoFront;
  queues: QueueFront;
  scheduler: SchedulerServer;
  lambda: LambdaHost;
  /** Deliveries end first, processes last. */
  close: () => Promise<void>;
};

export const region = 'eu-west-1';
export const account = '000000000000';
/** Where nobody listens: a service that is not stood for here is not to be reached by accident. */
const nowhere = 'http://127.0.0.1:9';
/** Who makes what CloudFormation would make. */
const operator = 'token of the operator';
const credentials = { accessKeyId: 'local', secretAccessKey: 'none' };
const own = { region, credentials: { ...credentials, sessionToken: operator } };

/** Boots everything a synthesized template asks for on loopback; its functions reach it by AWS_ENDPOINT_URL_* only. */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const token_of = options.token_of ?? ((role_arn: string): string => `token of ${role_arn}`);
  const weigh = options.authorize;
  const authorize: Authorize = (call) => (call.session_token === operator ? null : (weigh?.(call) ?? null));
  const dynamo = await startDynamoFront({ region, authorize, ...options.dynamo });
  const queues = await startQueueFront({ region, authorize, ...options.queues });
  const sender = createSqsSender({ endpoint: queues.endpoint, region, token_of });
  const scheduler = await startSchedulerServer({
    region,
    account,
    authorize,
    send: sender.send,
    ...options.scheduler,
  });
  const http: HttpFront = await startHttpFront({
    invoke: (name, event) => lambda.invoke(name, event),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  const place: Place = { account, region, queueUrl: queues.queueUrl, api_url: http.url };
  const described = describeCloud(readTemplate(options.directory, place));
  await create(described, { dynamo, queues, scheduler });

  const variablesOf = ({ role_arn }: FunctionDescription): Record<string, string> => ({
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'none',
    AWS_SESSION_TOKEN: token_of(role_arn),
    AWS_ENDPOINT_URL: nowhere,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
    AWS_ENDPOINT_URL_SNS: queues.endpoint,
    AWS_ENDPOINT_URL_SCHEDULER: scheduler.endpoint,
  });
  const lambda = startLambdaHost({
    functions: described.functions,
    variablesOf,
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
  http.serve(described.routes);
  const feeds = described.event_sources
    .filter(({ enabled }) => enabled)
    .map((source) => {
      const fn = described.functions.find(({ name }) => name === source.function_name);
      // The poller calls in the function's name.
      const sessionToken = token_of(fn?.role_arn ?? '');
      const sqs = new SQSClient({ region, credentials: { ...credentials, sessionToken }, endpoint: queues.endpoint });
      const queue_url = queues.queueUrl(source.queue);
      const queue_arn = queues.queueArn(source.queue);
      const feed = startEventSource({ sqs, source, queue_url, queue_arn, invoke: lambda.invoke });
      return { close: () => feed.close().finally(() => sqs.destroy()) };
    });

  return {
    url: http.url,
    described,
    dynamo,
    queues,
    scheduler,
    lambda,
    close: async () => {
      await http.close();
      await Promise.all(feeds.map((feed) => feed.close()));
      await lambda.close();
      await scheduler.close();
      sender.close();
      await queues.close();
      await dynamo.close();
    },
  };
}

type Servers = Pick<LocalCloud, 'dynamo' | 'queues' | 'scheduler'>;

/** Makes tables, queues, topics with their subscribers, and schedule groups. */
async function create(described: DescribedCloud, { dynamo, queues, scheduler }: Servers): Promise<void> {
  for (const { name, properties, time_to_live_attribute } of described.tables) {
    // CloudFormation's names for it are those of the API.
    const table = { ...properties, TableName: name } as unknown as CreateTableCommandInput;
    await dynamo.createTable(table, time_to_live_attribute ?? undefined);
  }
  const clients = {
    sqs: new SQSClient({ ...own, endpoint: queues.endpoint }),
    sns: new SNSClient({ ...own, endpoint: queues.endpoint }),
    scheduler: new SchedulerClient({ ...own, endpoint: scheduler.endpoint }),
  };
  // Dead letters first: the others name them.
  const ordered = described.queues.toSorted(
    (a, b) => Number('RedrivePolicy' in a.properties) - Number('RedrivePolicy' in b.properties),
  );
  for (const { name, properties } of ordered)
    await clients.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributesOf(properties) }));
  for (const { name } of described.topics) await clients.sns.send(new CreateTopicCommand({ Name: name }));
  for (const { topic_arn: TopicArn, protocol: Protocol, endpoint: Endpoint } of described.subscriptions)
    await clients.sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint }));
  for (const Name of described.schedule_groups) await clients.scheduler.send(new CreateScheduleGroupCommand({ Name }));
  for (const client of Object.values(clients)) client.destroy();
}

const attributesOf = (properties: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    ['VisibilityTimeout', 'MessageRetentionPeriod', 'DelaySeconds', 'RedrivePolicy'].flatMap((key) => {
      const value = properties[key];
      if (value === undefined) return [];
      return [[key, typeof value === 'object' ? JSON.stringify(value) : String(value)]];
    }),
  );
