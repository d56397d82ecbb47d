import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Time } from '../scheduler/time.ts';
import type { EventSource } from './described-cloud.ts';
import type { Invoked } from './lambda-environment.ts';
import { nextTrace } from './lineage.ts';

export type EventSourceOptions = {
  sqs: SQSClient;
  source: EventSource;
  queue_url: string;
  queue_arn: string;
  invoke: (function_name: string, event: unknown, trace: string) => Promise<Invoked>;
  /** The trace that whoever sent a message was in. */
  traceOf?: (message_id: string) => string | undefined;
  /** What becomes of messages that have come by a function too often which may not loop; nothing is refused without it. */
  loops?: { sqs: SQSClient; dead_letter_url: string | null };
  /** Messages that failed come again when their visibility timeout has passed in this time; without it, in real time. */
  again?: { sqs: SQSClient; time: Time; visibility_timeout_s: number };
};
export type RunningEventSource = {
  /** How many messages wait for their visibility timeout to pass. */
  waiting: () => number;
  close: () => Promise<void>;
};

/** How long one look at an empty queue is held, as Lambda's own poller does. */
const waitSeconds = 20;

/**
 * Feeds a function from a queue as Lambda's poller does: what it took is deleted, except the messages it names as failed;
 * of a batch that failed as a whole all come again after their visibility timeout.
 */
export function startEventSource(options: EventSourceOptions): RunningEventSource {
  const { sqs, source, queue_url: QueueUrl, queue_arn, invoke, traceOf = () => undefined, loops, again } = options;
  const closing = new AbortController();
  const under_way = new Set<Promise<void>>();
  let waiting = 0;

  async function bring(messages: Message[]): Promise<void> {
    const received_ms = again?.time.now() ?? 0;
    const { trace, is_loop } = nextTrace(
      source.function_name,
      messages.map(({ MessageId = '' }) => traceOf(MessageId)),
    );
    if (is_loop && loops !== undefined) return breakLoop(messages, loops);
    const event = { Records: messages.map((message) => recordOf(message, queue_arn)) };
    const invoked = await invoke(source.function_name, event, trace).catch(() => undefined);
    const whole = invoked === undefined || invoked.function_error !== null;
    const failed = source.reports_failures && !whole ? failedOf(invoked.payload) : [];
    for (const message of messages)
      if (whole || failed.includes(message.MessageId ?? '')) bringAgain(message, received_ms);
      else await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  }
  function bringAgain({ ReceiptHandle }: Message, received_ms: number): void {
    if (again === undefined) return;
    waiting += 1;
    again.time.at(received_ms + again.visibility_timeout_s * 1000, async () => {
      await again.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
      waiting -= 1;
    });
  }
  async function breakLoop(
    messages: Message[],
    { sqs: own, dead_letter_url }: NonNullable<typeof loops>,
  ): Promise<void> {
    for (const { Body, ReceiptHandle } of messages) {
      if (dead_letter_url !== null)
        await own.send(new SendMessageCommand({ QueueUrl: dead_letter_url, MessageBody: Body }));
      await own.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
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
    waiting: () => waiting,
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
