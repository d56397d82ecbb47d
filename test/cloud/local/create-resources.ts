import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoFront } from '../dynamo-front.ts';
import type { QueueFront } from '../queue-front.ts';
import type { SchedulerServer } from '../scheduler-server.ts';
import type { DescribedCloud } from './described-cloud.ts';

export type Servers = { dynamo: DynamoFront; queues: QueueFront; scheduler: SchedulerServer };

/** Who makes what CloudFormation would make. */
export type OwnCredentials = {
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
};

/** Makes tables, queues, topics with their subscribers, and schedule groups, as CloudFormation would. */
export async function createResources(
  described: DescribedCloud,
  { dynamo, queues, scheduler }: Servers,
  own: OwnCredentials,
): Promise<void> {
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
  for (const {
    topic_arn: TopicArn,
    protocol: Protocol,
    endpoint: Endpoint,
    attributes: Attributes,
  } of described.subscriptions)
    await clients.sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }));
  for (const Name of described.schedule_groups) await clients.scheduler.send(new CreateScheduleGroupCommand({ Name }));
  for (const client of Object.values(clients)) client.destroy();
}

/** Starts the schedules that the template itself has: the functions they call must run by then. */
export async function startSchedules(scheduler: SchedulerClient, { schedules }: DescribedCloud): Promise<void> {
  for (const { name, properties } of schedules) {
    // CloudFormation's names for it are those of the API.
    const input = { ...properties, Name: name } as unknown as CreateScheduleCommandInput;
    await scheduler.send(new CreateScheduleCommand(input));
  }
}

const attributesOf = (properties: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    ['VisibilityTimeout', 'MessageRetentionPeriod', 'DelaySeconds', 'RedrivePolicy'].flatMap((key) => {
      const value = properties[key];
      if (value === undefined) return [];
      return [[key, typeof value === 'object' ? JSON.stringify(value) : String(value)]];
    }),
  );
