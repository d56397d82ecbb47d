import {
  type BatchResultErrorEntry,
  PublishBatchCommand,
  type PublishBatchRequestEntry,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { sendInGroups } from './send-in-groups.ts';
import { inOurWords } from './service-errors.ts';

/** A message for a topic, below 256 KB. */
export type TopicMessage = Omit<PublishBatchRequestEntry, 'Id'> & { Message: string };
/** Resolves once the topic has the message. */
export type Publish = (topic_arn: string, message: TopicMessage) => Promise<void>;

/** What one request may carry: entries, and bytes of them all. */
const mostEntries = 10;
const mostBytes = 262_144;

/** The bytes that SNS counts: text, subject and attributes. */
export function bytesOf({ Message, Subject = '', MessageAttributes = {} }: TopicMessage): number {
  const attributes = Object.entries(MessageAttributes).flatMap(([name, { DataType = '', StringValue = '' }]) => [
    name,
    DataType,
    StringValue,
  ]);
  return [Message, Subject, ...attributes].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

/** Publishes to topics, what comes together in one request: it costs what that of a single message does. */
export function createSnsPublisher(sns: SNSClient): Publish {
  const publish = sendInGroups<TopicMessage, undefined>({
    fits: (waiting) => {
      let bytes = 0;
      const beyond = waiting.findIndex((message) => {
        bytes += bytesOf(message);
        return bytes > mostBytes;
      });
      return Math.min(beyond === -1 ? waiting.length : beyond, mostEntries);
    },
    send: async (TopicArn, messages) => {
      const what = `the topic ${TopicArn.split(':').at(-1)}`;
      const entries = messages.map((message, at) => ({ Id: String(at), ...message }));
      const command = new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries });
      const { Failed = [] } = await sns.send(command).catch((cause: unknown) => {
        throw inOurWords(what, cause);
      });
      const failed = new Map(Failed.map((entry) => [entry.Id, inOurWords(what, refusal(entry))]));
      return messages.map((_, at) => failed.get(String(at)));
    },
  });
  return publish;
}

/** The refusal of one entry, in the shape of the error that it would have been alone. */
const refusal = ({ Code, Message, SenderFault }: BatchResultErrorEntry): Error =>
  Object.assign(new Error(Message), { name: Code, $fault: SenderFault ? 'client' : 'server' });
