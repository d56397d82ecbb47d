import { DeleteMessageCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { EventSource } from './described-cloud.ts';
import type { Invoked } from './lambda-environment.ts';

export type EventSourceOptions = {
  sqs: SQSClient;
  source: EventSource;
  queue_url: string;
  queue_arn: string;
  invoke: (function_name: string, event: unknown) => Promise<Invoked>;
};

/** How long one look at an empty queue is held, as Lambda's own poller does. */
const waitSeconds = 20;

/**
 * Feeds a function from a queue as Lambda's poller does: what it took is deleted, except the messages it names as failed;
 * of a batch that failed as a whole all come again after their visibility timeout.
 */
export function startEventSource(options: EventSourceOptions): { close: () => Promise<void> } {
  const { sqs, source, queue_url: QueueUrl, queue_arn, invoke } = options;
  const closing = new AbortController();
  const under_way = new Set<Promise<void>>();

  async function bring(messages: Message[]): Promise<void> {
    const event = { Records: messages.map((message) => recordOf(message, queue_arn)) };
    const invoked = await invoke(source.function_name, event).catch(() => undefined);
    if (invoked === undefined || invoked.function_error !== null) return;
    const failed = source.reports_failures ? failedOf(invoked.payload) : [];
    for (const { MessageId = '', ReceiptHandle } of messages)
      if (!failed.includes(MessageId)) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  async function look(): Promise<void> {
    while (!closing.signal.aborted) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: source.batch_size,
          WaitTimeSeconds: waitSeconds,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
        { abortSignal: closing.signal },
      );
      if (Messages.length === 0) continue;
      const batch = bring(Messages).finally(() => under_way.delete(batch));
      under_way.add(batch);
    }
  }
  const looking = look().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });

  return {
    close: async () => {
      closing.abort();
      await looking;
      await Promise.all(under_way);
    },
  };
}

const failedOf = (payload: unknown): string[] =>
  Array.isArray(Object(payload).batchItemFailures)
    ? Object(payload).batchItemFailures.map(({ itemIdentifier }: { itemIdentifier: string }) => itemIdentifier)
    : [];

const recordOf = (message: Message, eventSourceARN: string): object => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes ?? {},
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([key, { DataType, StringValue }]) => [
      key,
      { dataType: DataType, stringValue: StringValue },
    ]),
  ),
  md5OfBody: message.MD5OfBody,
  eventSource: 'aws:sqs',
  eventSourceARN,
  awsRegion: 'eu-west-1',
});
