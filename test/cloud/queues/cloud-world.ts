import { CreateScheduleGroupCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type QueueFront, type QueueFrontOptions, startQueueFront } from '../queue-front.ts';
import { createSqsSender } from '../scheduler/sqs-sender.ts';
import { type ManualTime, manualTime } from '../scheduler/time.ts';
import { type SchedulerServer, type SchedulerServerOptions, startSchedulerServer } from '../scheduler-server.ts';

export type CloudWorldOptions = {
  epoch_ms: number;
  queues?: QueueFrontOptions;
  scheduler?: Partial<SchedulerServerOptions>;
  maxAttempts?: number;
};

export type CloudWorld = {
  time: ManualTime;
  front: QueueFront;
  scheduler: SchedulerServer;
  clients: { sqs: SQSClient; sns: SNSClient; scheduler: SchedulerClient };
  /** Takes everything that is in a queue now. */
  take: (queue: string) => Promise<string[]>;
  /** Runs before and after whatever falls due. */
  onRest: (run: () => Promise<void>) => void;
  topic: (name: string) => Promise<string>;
  close: () => Promise<void>;
};

/** SQS, SNS and EventBridge Scheduler on loopback in one time that is moved by hand, with the queues `ticks`, `dead` and `deliveries` and the schedule group `jobs`. Close it. */
export async function cloudWorld({
  epoch_ms,
  queues,
  scheduler: options,
  maxAttempts = 1,
}: CloudWorldOptions): Promise<CloudWorld> {
  let rest = (): Promise<void> => Promise.resolve();
  const time = manualTime(epoch_ms, () => rest());
  const front = await startQueueFront({ time, ...queues });
  const sender = createSqsSender({ endpoint: front.endpoint });
  const scheduler = await startSchedulerServer({ time, send: sender.send, lateness_ms: () => 0, ...options });
  const shared = { region: 'eu-west-1', maxAttempts, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const clients = {
    sqs: new SQSClient({ ...shared, endpoint: front.endpoint }),
    sns: new SNSClient({ ...shared, endpoint: front.endpoint }),
    scheduler: new SchedulerClient({ ...shared, endpoint: scheduler.endpoint }),
  };
  for (const QueueName of ['ticks', 'dead', 'deliveries'])
    await clients.sqs.send(new CreateQueueCommand({ QueueName }));
  await clients.scheduler.send(new CreateScheduleGroupCommand({ Name: 'jobs' }));
  return {
    time,
    front,
    scheduler,
    clients,
    take: async (queue) => {
      const QueueUrl = front.queueUrl(queue);
      const taken: string[] = [];
      for (;;) {
        const { Messages = [] } = await clients.sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
        );
        if (Messages.length === 0) return taken;
        for (const { Body = '', ReceiptHandle } of Messages) {
          taken.push(Body);
          await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
      }
    },
    onRest: (run) => {
      rest = run;
    },
    topic: async (Name) => (await clients.sns.send(new CreateTopicCommand({ Name }))).TopicArn ?? '',
    close: async () => {
      for (const client of Object.values(clients)) client.destroy();
      sender.close();
      await scheduler.close();
      await front.close();
    },
  };
}

/** Ports' clock in that time; sleeping moves it. */
export const clockOf = (time: ManualTime) => ({ now: time.now, sleep: (ms: number) => time.advance(ms / 1000) });
