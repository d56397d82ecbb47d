import { DynamoDBClient, PutItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateScheduleCommand, DeleteScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { startDynamoFront } from '../dynamo-front.ts';
import { startQueueFront } from '../queue-front.ts';
import type { Authorize } from '../queues/api-call.ts';
import { startSchedulerServer } from '../scheduler-server.ts';
import { expectedOf } from './audit.ts';
import { deployed, place } from './deployment.ts';
import type { Ask } from './evaluate.ts';
import { createGate } from './gate.ts';
import { callsOf } from './needs.ts';
import { asksOf } from './requests.ts';
import { namesIn } from './resolve.ts';

const { template, names } = deployed();
const roles = expectedOf(template, names);
const principals = new Map(roles.map((role) => [`token-of-${role.name}`, role]));
const open = () => createGate(principals);
const call = (ask: Ask, session_token: string | null) => ({
  ...ask,
  context: { ...ask.context },
  at_ms: 0,
  session_token,
  bytes: 0,
});

describe('the gate', () => {
  it('lets each role do what it needs, and counts what nobody used', () => {
    const gate = open();
    const all = gate.unused().length;
    expect(all).toBeGreaterThan(50);
    for (const { name, needs } of roles)
      for (const ask of needs) expect(gate.authorize(call(ask, `token-of-${name}`))).toBeNull();
    expect(gate.unused()).toEqual([]);
  });
  it('names the grant that was never used, of the role that has it', () => {
    const gate = open();
    for (const { name, needs } of roles)
      for (const ask of needs)
        if (!(name === 'cancel' && ask.action === 'sns:Publish')) gate.authorize(call(ask, `token-of-${name}`));
    expect(gate.unused()).toEqual([
      expect.stringMatching(/^cancel: sns:Publish on .*Outcomes/),
      expect.stringMatching(/^cancel: sns:Publish on .*Chat/),
    ]);
  });
  it('refuses one function what only another may, and whoever has no token of ours', () => {
    const { authorize } = open();
    const [create] = roles[0]?.needs.filter(({ action }) => action === 'scheduler:CreateSchedule') ?? [];
    if (create === undefined) throw new Error('start makes no schedule');
    expect(authorize(call(create, 'token-of-status'))).toMatch(
      /^User: status is not authorized to perform: scheduler:CreateSchedule on resource: .*\(not allowed\)$/,
    );
    expect(authorize(call(create, 'token-of-nobody'))).toContain('token');
    expect(authorize(call(create, null))).toContain('token');
  });
  it('lets the scheduler take its role for our group only', () => {
    const { authorize } = open();
    const schedules = principals.get('token-of-schedules');
    const take = (context: Ask['context'], resource = schedules?.policies.role_arn ?? '') =>
      authorize(call({ action: 'sts:AssumeRole', resource, context }, null));
    const ours = { ...schedules?.taker.context, 'aws:PrincipalServiceName': 'scheduler.amazonaws.com' };
    expect(take(ours)).toBeNull();
    expect(take({ ...ours, 'aws:SourceAccount': '999999999999' })).toContain('may not take');
    expect(take({ ...ours, 'aws:PrincipalServiceName': 'lambda.amazonaws.com' })).toContain('may not take');
    expect(take(ours, 'arn:aws:iam::123456789012:role/Other')).toContain('may not take');
  });
});

/** Each call as SDK clients send it; inputs are only what names a resource, since the servers ask for the right first. */
function sendersTo(endpoints: { dynamo: string; queues: string; scheduler: string }) {
  const shared = {
    region: place.region,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 'token-of-start' },
  };
  const dynamo = new DynamoDBClient({ ...shared, endpoint: endpoints.dynamo });
  const sqs = new SQSClient({ ...shared, endpoint: endpoints.queues, useQueueUrlAsEndpoint: false });
  const sns = new SNSClient({ ...shared, endpoint: endpoints.queues });
  const scheduler = new SchedulerClient({ ...shared, endpoint: endpoints.scheduler });
  // What a command still lacks does not matter to who is asked for the right.
  type Partly = never;
  const senders: Record<string, (input: object) => Promise<unknown>> = {
    Query: (input) => dynamo.send(new QueryCommand(input as Partly)),
    PutItem: (input) => dynamo.send(new PutItemCommand({ Item: {}, ...input } as Partly)),
    UpdateItem: (input) => dynamo.send(new UpdateItemCommand({ Key: {}, ...input } as Partly)),
    SendMessage: (input) => sqs.send(new SendMessageCommand({ MessageBody: 'x', ...input } as Partly)),
    SendMessageBatch: (input) =>
      sqs.send(new SendMessageBatchCommand({ Entries: [{ Id: '1', MessageBody: 'x' }], ...input } as Partly)),
    ReceiveMessage: (input) => sqs.send(new ReceiveMessageCommand(input as Partly)),
    DeleteMessageBatch: (input) => sqs.send(new DeleteMessageBatchCommand({ Entries: [], ...input } as Partly)),
    GetQueueAttributes: (input) => sqs.send(new GetQueueAttributesCommand(input as Partly)),
    PublishBatch: (input) => sns.send(new PublishBatchCommand({ PublishBatchRequestEntries: [], ...input } as Partly)),
    CreateSchedule: (input) => scheduler.send(new CreateScheduleCommand(input as Partly)),
    DeleteSchedule: (input) => scheduler.send(new DeleteScheduleCommand(input as Partly)),
  };
  return {
    senders,
    close: () => {
      for (const client of [dynamo, sqs, sns, scheduler]) client.destroy();
    },
  };
}

it('the loopback servers ask for the very rights that requests are said to need', async () => {
  const asked: Ask[] = [];
  // Everything is refused in the end, so that nothing has to be there; a schedule only with its role.
  const authorize: Authorize = ({ action, resource, context }) => {
    asked.push({ action, resource, context });
    return action === 'scheduler:CreateSchedule' ? null : 'refused';
  };
  const local = { ...place, account: '000000000000' };
  const dynamo = await startDynamoFront({ authorize });
  const queues = await startQueueFront({ authorize });
  const scheduler = await startSchedulerServer({ authorize, send: () => Promise.resolve() });
  const endpoints = { dynamo: dynamo.endpoint, queues: queues.endpoint, scheduler: scheduler.endpoint };
  const { senders, close } = sendersTo(endpoints);
  try {
    const requests = Object.values(callsOf(template, namesIn(template, local))).flat();
    const served = requests.filter(({ operation }) => senders[operation] !== undefined);
    for (const { operation, input } of served)
      await expect(senders[operation]?.({ ...input })).rejects.toMatchObject({ message: 'refused' });
    expect(asked).toEqual(served.flatMap((request) => asksOf(request, local)));
    const elsewhere = new Set(requests.filter((one) => !served.includes(one)).map(({ service }) => service));
    expect([...elsewhere].sort()).toEqual(['logs', 'secretsmanager', 'ssm']);
  } finally {
    close();
    await Promise.all([dynamo.close(), queues.close(), scheduler.close()]);
  }
});
