import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type QueueFront, startQueueFront } from '../queue-front.ts';
import { startEventSource } from './event-source.ts';
import type { Invoked } from './lambda-environment.ts';

let front: QueueFront;
let sqs: SQSClient;
let close: () => Promise<void>;
let seen: string[];
let answer: (bodies: string[], ids: string[]) => Invoked;

beforeEach(async () => {
  front = await startQueueFront();
  sqs = new SQSClient({
    endpoint: front.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await sqs.send(new CreateQueueCommand({ QueueName: 'ticks', Attributes: { VisibilityTimeout: '1' } }));
  seen = [];
  ({ close } = startEventSource({
    sqs,
    source: { queue: 'ticks', function_name: 'Poll', batch_size: 10, enabled: true, reports_failures: true },
    queue_url: front.queueUrl('ticks'),
    queue_arn: front.queueArn('ticks'),
    invoke: async (_, event) => {
      const records: { body: string; messageId: string }[] = Object(event).Records;
      const bodies = records.map(({ body }) => body);
      seen.push(...bodies);
      return answer(
        bodies,
        records.map(({ messageId }) => messageId),
      );
    },
  }));
});
afterEach(async () => {
  await close();
  sqs.destroy();
  await front.close();
});

const send = (MessageBody: string) =>
  sqs.send(new SendMessageCommand({ QueueUrl: front.queueUrl('ticks'), MessageBody }));
async function left(): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages' as const, 'ApproximateNumberOfMessagesNotVisible' as const];
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: front.queueUrl('ticks'), AttributeNames }),
  );
  return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0);
}

it('deletes what the function took, and brings again only what it names as failed', async () => {
  let failures = 1;
  answer = (bodies, ids) => {
    const failed = failures > 0 && bodies.includes('bad') ? [ids[bodies.indexOf('bad')]] : [];
    failures -= failed.length;
    return {
      payload: { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) },
      function_error: null,
    };
  };
  await send('good');
  await send('bad');
  await expect.poll(() => seen.toSorted(), { timeout: 5_000 }).toEqual(['bad', 'bad', 'good']);
  await expect.poll(left).toBe(0);
});

it('brings a whole batch again whose function failed', async () => {
  let calls = 0;
  answer = () => {
    calls += 1;
    return { payload: null, function_error: calls === 1 ? 'Unhandled' : null };
  };
  await send('one');
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['one', 'one']);
  await expect.poll(left).toBe(0);
});
