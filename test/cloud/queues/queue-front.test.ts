import {
  CreateTopicCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type QueueFront, type QueueFrontOptions, startQueueFront } from '../queue-front.ts';
import { type ManualTime, manualTime } from '../scheduler/time.ts';

let front: QueueFront;
let sqs: SQSClient;
let sns: SNSClient;
let time: ManualTime;
let topic: string;

async function open(options: QueueFrontOptions = {}): Promise<void> {
  time = manualTime(Date.parse('2026-11-21T09:00:00.000Z'));
  front = await startQueueFront({ time, ...options });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 'token-of-poll' };
  const shared = { endpoint: front.endpoint, region: 'eu-west-1', maxAttempts: 1, credentials };
  sqs = new SQSClient(shared);
  sns = new SNSClient(shared);
  await sqs.send(new CreateQueueCommand({ QueueName: 'ticks' }));
  topic = (await sns.send(new CreateTopicCommand({ Name: 'outcomes' }))).TopicArn ?? '';
}
afterEach(async () => {
  sqs.destroy();
  sns.destroy();
  await front.close();
});

const send = (MessageBody: string, DelaySeconds = 0) =>
  sqs.send(new SendMessageCommand({ QueueUrl: front.queueUrl('ticks'), MessageBody, DelaySeconds }));
/** Takes everything that is there, in one look after another. */
async function take(queue = 'ticks'): Promise<string[]> {
  const QueueUrl = front.queueUrl(queue);
  const taken: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return taken;
    for (const { Body = '', ReceiptHandle } of Messages) {
      taken.push(Body);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}

describe('SQS behind the front', () => {
  beforeEach(() => open());

  it('hands out URLs whose host resolves', async () => {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'ticks' }));
    expect(QueueUrl).toBe(`http://127.0.0.1:${front.port}/000000000000/ticks`);
  });
  it('serves a client that only knows the queue URL', async () => {
    const bare = new SQSClient({ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
    await bare.send(new SendMessageCommand({ QueueUrl: front.queueUrl('ticks'), MessageBody: 'one' }));
    bare.destroy();
    expect(await take()).toEqual(['one']);
  });
  it('holds a message for its delay, and not longer', async () => {
    await send('later', 30);
    await send('now');
    expect(await take()).toEqual(['now']);
    await time.advance(29);
    expect(await take()).toEqual([]);
    await time.advance(1);
    expect(await take()).toEqual(['later']);
  });
  it.each([901, -1, 1.5])('rejects a delay of %s seconds', async (delay) => {
    await expect(send('later', delay)).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
    await time.advance(1000);
    expect(await take()).toEqual([]);
  });
  it('rejects a message to a queue that is not there', async () => {
    const nowhere = new SendMessageCommand({ QueueUrl: front.queueUrl('nowhere'), MessageBody: 'x', DelaySeconds: 5 });
    await expect(sqs.send(nowhere)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
  it('takes the good entries of a batch and names the bad ones', async () => {
    const answer = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: front.queueUrl('ticks'),
        Entries: [
          { Id: 'a', MessageBody: 'good' },
          { Id: 'b', MessageBody: 'bad', DelaySeconds: 901 },
        ],
      }),
    );
    expect([answer.Successful?.map(({ Id }) => Id), answer.Failed?.map(({ Id }) => Id)]).toEqual([['a'], ['b']]);
    expect(await take()).toEqual(['good']);
  });
});

describe('SNS behind the front', () => {
  const publish = (input: Partial<PublishCommandInput>) =>
    sns.send(new PublishCommand({ TopicArn: topic, Message: 'hello', ...input }));
  const subscribe = async (Protocol: string, Endpoint: string, Attributes: Record<string, string> = {}) =>
    (await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol, Endpoint, Attributes }))).SubscriptionArn ?? '';
  const parts = (texts: object) => ({ MessageStructure: 'json', Message: JSON.stringify(texts) });
  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  beforeEach(() => open());

  it('gives each protocol its own part, and the default to the rest', async () => {
    await subscribe('sqs', front.queueArn('ticks'), { RawMessageDelivery: 'true' });
    await subscribe('email', 'ops@example.com');
    await subscribe('https', 'https://chat.example.com/');
    await publish({ Subject: 'FAILED · load test · 3m12s', ...parts({ default: '{"a":1}', email: 'Took 3m12s' }) });
    expect(await take()).toEqual(['{"a":1}']);
    expect(front.mailbox).toMatchObject([
      { protocol: 'email', endpoint: 'ops@example.com', subject: 'FAILED · load test · 3m12s', text: 'Took 3m12s' },
      { protocol: 'https', text: '{"a":1}' },
    ]);
  });
  it('delivers to who wants it only, by attributes or by the body', async () => {
    const arn = await subscribe('email', 'failed@example.com', { FilterPolicy: '{"status":["failed"]}' });
    await subscribe('email', 'all@example.com', {
      FilterPolicy: '{"kind":["http"]}',
      FilterPolicyScope: 'MessageBody',
    });
    await publish({ Message: '{"kind":"http"}', MessageAttributes: { status: text('complete') } });
    await publish({ MessageAttributes: { status: text('failed') } });
    await sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn: arn,
        AttributeName: 'FilterPolicy',
        AttributeValue: '{"status":["complete"]}',
      }),
    );
    await publish({ MessageAttributes: { status: text('failed') } });
    await sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    await publish({ MessageAttributes: { status: text('complete') } });
    expect(front.mailbox.map(({ endpoint }) => endpoint)).toEqual(['all@example.com', 'failed@example.com']);
  });
  it.each<[string, Partial<PublishCommandInput>]>([
    ['a subject of 101 characters', { Subject: 'x'.repeat(101) }],
    ['a subject of two lines', { Subject: 'a\nb' }],
    ['a message without a default', parts({ email: 'x' })],
    ['a message that is no JSON', { MessageStructure: 'json', Message: 'x' }],
    ['another structure', { MessageStructure: 'xml' }],
    ['more than 256 KB', { Message: 'x'.repeat(262_145) }],
    [
      'more than 256 KB with the attributes',
      { Message: 'x'.repeat(262_140), MessageAttributes: { kind: text('http') } },
    ],
    ['an attribute without a value', { MessageAttributes: { reason: text('') } }],
    ['an attribute named for AWS', { MessageAttributes: { 'AWS.kind': text('x') } }],
  ])('rejects %s', async (_, input) => {
    await subscribe('email', 'ops@example.com');
    await expect(publish(input)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    expect(front.mailbox).toEqual([]);
  });
  it('rejects a topic that is not there', async () => {
    await expect(publish({ TopicArn: `${topic}s` })).rejects.toMatchObject({ name: 'NotFoundException' });
  });
});

describe('faults of the front', () => {
  it('bring messages twice, late, out of order, or not at all', async () => {
    const late: Record<string, number[]> = { twice: [0, 0], late: [7000], lost: [], early: [-10_000] };
    await open({ disturb: ({ body }) => late[body] ?? [0] });
    for (const body of ['late', 'twice', 'lost', 'plain']) await send(body);
    await send('early', 12);
    expect((await take()).sort()).toEqual(['plain', 'twice', 'twice']);
    await time.advance(2);
    expect(await take()).toEqual(['early']);
    await time.advance(5);
    expect(await take()).toEqual(['late']);
  });
  it('refuse and fail calls as the services do, and log them all', async () => {
    await open({
      fault: ({ action }, number) =>
        (({ 'sqs:SendMessage': ['throttle', 'fail_after'], 'sns:Publish': ['throttle', 'fail'] }) as const)[action]?.[
          number - 1
        ],
    });
    await expect(send('a')).rejects.toMatchObject({ name: 'RequestThrottled' });
    await expect(send('b')).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(await take()).toEqual(['b']);
    const publish = () => sns.send(new PublishCommand({ TopicArn: topic, Message: 'x' }));
    await expect(publish()).rejects.toMatchObject({ name: 'ThrottledException' });
    await expect(publish()).rejects.toMatchObject({ name: 'InternalErrorException' });
    await publish();
    const counted = front.calls.filter(({ action }) => ['sqs:SendMessage', 'sns:Publish'].includes(action));
    expect(counted.map(({ status }) => status)).toEqual([400, 500, 429, 500, 200]);
    expect(counted.at(-1)).toMatchObject({ resource: topic, session_token: 'token-of-poll', error: null });
  });
  it('deny what the policies do not allow', async () => {
    await open({ authorize: ({ action }) => (action === 'sqs:SendMessage' || action === 'sns:Publish' ? 'no' : null) });
    await expect(send('a')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const publish = new PublishCommand({ TopicArn: topic, Message: 'x' });
    await expect(sns.send(publish)).rejects.toMatchObject({ name: 'AuthorizationErrorException' });
    expect(await take()).toEqual([]);
  });
});
