import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Send } from './firing.ts';

export type SqsSenderOptions = {
  /** Of the queue front. */
  endpoint: string;
  region?: string;
  /** The session token the service gets for a role, so that the queue front can tell what that role may. */
  token_of?: (role_arn: string) => string;
};

/** Sends what schedules fire to queues on loopback, one client for each execution role. */
export function createSqsSender({ endpoint, region = 'eu-west-1', token_of }: SqsSenderOptions): {
  send: Send;
  close: () => void;
} {
  const clients = new Map<string, SQSClient>();
  const clientOf = (role_arn: string): SQSClient => {
    const sessionToken = token_of?.(role_arn);
    const credentials = { accessKeyId: 'scheduler', secretAccessKey: 'none' };
    const client =
      clients.get(role_arn) ??
      new SQSClient({
        endpoint,
        region,
        useQueueUrlAsEndpoint: false,
        maxAttempts: 1, // retries are the schedule's own
        credentials: sessionToken === undefined ? credentials : { ...credentials, sessionToken },
      });
    clients.set(role_arn, client);
    return client;
  };
  return {
    send: async ({ target_arn, role_arn, body, attributes, message_group_id }) => {
      const [, , , , account, name] = target_arn.split(':');
      await clientOf(role_arn).send(
        new SendMessageCommand({
          QueueUrl: `${endpoint}/${account}/${name}`,
          MessageBody: body,
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([key, value]) => [key, { DataType: 'String', StringValue: value }]),
          ),
          ...(message_group_id === undefined ? {} : { MessageGroupId: message_group_id }),
        }),
      );
    },
    close: () => {
      for (const client of clients.values()) client.destroy();
    },
  };
}
