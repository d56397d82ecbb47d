import { type CreateScheduleCommandInput, SchedulerClient } from '@aws-sdk/client-scheduler';
import { type SchedulerServer, type SchedulerServerOptions, startSchedulerServer } from '../scheduler-server.ts';
import type { Delivery } from './firing.ts';
import { type ManualTime, manualTime } from './time.ts';

export const epoch_ms = Date.parse('2026-11-21T09:00:00.000Z');
export const seconds = (count: number): Date => new Date(epoch_ms + count * 1000);
export const tickArn = 'arn:aws:sqs:eu-west-1:000000000000:ticks';
export const deadArn = 'arn:aws:sqs:eu-west-1:000000000000:dead';
export const roleArn = 'arn:aws:iam::000000000000:role/scheduler';

/** A client that asks once, so that a test sees each answer. */
export const schedulerClient = (endpoint: string, maxAttempts = 1): SchedulerClient =>
  new SchedulerClient({
    endpoint,
    region: 'eu-west-1',
    maxAttempts,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 'token-of-start' },
  });

/** A schedule every minute from the first minute on, changed as told. */
export const minutely = (rest: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  Name: 'job-1',
  GroupName: 'jobs',
  ClientToken: 'create-1',
  ScheduleExpression: 'rate(1 minute)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  StartDate: seconds(60),
  EndDate: seconds(600),
  ActionAfterCompletion: 'DELETE',
  Target: {
    Arn: tickArn,
    RoleArn: roleArn,
    Input: '{"job_id":"job-1","at":"<aws.scheduler.scheduled-time>"}',
    RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 },
    DeadLetterConfig: { Arn: deadArn },
  },
  ...rest,
});

export type SchedulerWorld = {
  server: SchedulerServer;
  client: SchedulerClient;
  time: ManualTime;
  /** What arrived in queues, with the second it arrived in. */
  sent: (Delivery & { at_s: number })[];
  /** Makes queues refuse while it is true. */
  script: { refuses: boolean };
  close: () => Promise<void>;
};

/** The server with its time moved by hand, on time unless told otherwise, and queues that only take note. */
export async function schedulerWorld(options: Partial<SchedulerServerOptions> = {}): Promise<SchedulerWorld> {
  const time = manualTime(epoch_ms);
  const sent: SchedulerWorld['sent'] = [];
  const script = { refuses: false };
  const server = await startSchedulerServer({
    time,
    lateness_ms: () => 0,
    send: async (delivery) => {
      if (script.refuses && delivery.target_arn === tickArn) throw new Error('the queue is gone');
      sent.push({ ...delivery, at_s: (time.now() - epoch_ms) / 1000 });
    },
    ...options,
  });
  const client = schedulerClient(server.endpoint);
  const close = async (): Promise<void> => {
    client.destroy();
    await server.close();
  };
  return { server, client, time, sent, script, close };
}
