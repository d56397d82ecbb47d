import {
  ConflictException,
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  type SchedulerClient,
  ThrottlingException,
  UpdateScheduleCommand,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { minutely, type SchedulerWorld, schedulerWorld, seconds, tickArn } from './scheduler/scheduler-world.ts';
import type { SchedulerServerOptions } from './scheduler-server.ts';

let world: SchedulerWorld;
let client: SchedulerClient;

async function open(options: Partial<SchedulerServerOptions> = {}): Promise<void> {
  world = await schedulerWorld(options);
  client = world.client;
  await client.send(new CreateScheduleGroupCommand({ Name: 'jobs' }));
}
const create = (rest: Parameters<typeof minutely>[0] = {}) => client.send(new CreateScheduleCommand(minutely(rest)));
const remove = (Name = 'job-1') => client.send(new DeleteScheduleCommand({ Name, GroupName: 'jobs' }));
const target = (rest: object) => ({
  Target: { ...minutely().Target, Arn: tickArn, RoleArn: 'arn:aws:iam::000000000000:role/scheduler', ...rest },
});

afterEach(() => world.close());

describe('the Scheduler API', () => {
  beforeEach(() => open());

  it('keeps what was created and gives it back whole', async () => {
    const { ScheduleArn } = await create();
    const { $metadata, ...got } = await client.send(new GetScheduleCommand({ Name: 'job-1', GroupName: 'jobs' }));
    const { ClientToken: _, ...wanted } = minutely();
    expect(ScheduleArn).toBe('arn:aws:scheduler:eu-west-1:000000000000:schedule/jobs/job-1');
    expect(got).toEqual({
      ...wanted,
      Arn: ScheduleArn,
      State: 'ENABLED',
      CreationDate: seconds(0),
      LastModificationDate: seconds(0),
    });
  });
  it('answers with the typed errors of the model', async () => {
    await create();
    await expect(create({ ClientToken: 'other' })).rejects.toThrow(ConflictException);
    await expect(create({ GroupName: 'nowhere' })).rejects.toThrow(ResourceNotFoundException);
    await expect(remove('job-2')).rejects.toThrow(ResourceNotFoundException);
    await expect(create({ Name: 'job 2' })).rejects.toThrow(ValidationException);
    await expect(client.send(new CreateScheduleGroupCommand({ Name: 'jobs' }))).rejects.toThrow(ConflictException);
  });
  it('takes a repeated request with the same token for the same, and with another body for a conflict', async () => {
    await create();
    expect((await create()).ScheduleArn).toContain('job-1');
    await expect(create({ ScheduleExpression: 'rate(5 minutes)' })).rejects.toThrow(ConflictException);
    expect(world.server.schedules()).toHaveLength(1);
  });
  it.each([
    ['a name too long', { Name: 'x'.repeat(65) }],
    ['a token with a dot', { ClientToken: 'a.b' }],
    ['a token too long', { ClientToken: 'x'.repeat(65) }],
    ['no flexible time window', { FlexibleTimeWindow: undefined }],
    ['a start more than five minutes ago', { StartDate: seconds(-301) }],
    ['an end before the start', { EndDate: seconds(59) }],
    ['an end in the past', { StartDate: undefined, EndDate: seconds(-1) }],
    ['half a minute', { ScheduleExpression: 'rate(30 seconds)' }],
    ['no rate at all', { ScheduleExpression: 'every minute' }],
    ['one minutes', { ScheduleExpression: 'rate(1 minutes)' }],
    ['cron, which this server does not know', { ScheduleExpression: 'cron(0 12 * * ? *)' }],
    ['a role that is none', target({ RoleArn: 'scheduler' })],
    ['a target that is no queue and no function', target({ Arn: 'arn:aws:sns:eu-west-1:000000000000:Topic' })],
    ['too many retries', target({ RetryPolicy: { MaximumRetryAttempts: 186 } })],
    ['an event age below a minute', target({ RetryPolicy: { MaximumEventAgeInSeconds: 59 } })],
    ['too long an input', target({ Input: 'x'.repeat(262_145) })],
    ['a dead letter queue that is FIFO', target({ DeadLetterConfig: { Arn: `${tickArn}.fifo` } })],
  ])('refuses %s', async (_, rest) => {
    await expect(create(rest as Parameters<typeof minutely>[0])).rejects.toThrow(ValidationException);
    expect(world.server.schedules()).toEqual([]);
  });
  it('takes a start of a minute ago', async () => {
    await expect(create({ StartDate: seconds(-60) })).resolves.toBeDefined();
  });
  it('replaces everything on update', async () => {
    await create();
    const { ActionAfterCompletion: _, ...rest } = minutely({
      ClientToken: 'update-1',
      ScheduleExpression: 'rate(2 minutes)',
    });
    await client.send(new UpdateScheduleCommand(rest));
    const got = await client.send(new GetScheduleCommand({ Name: 'job-1', GroupName: 'jobs' }));
    expect(got).toMatchObject({ ScheduleExpression: 'rate(2 minutes)', ActionAfterCompletion: 'NONE' });
    await world.time.advance(185);
    expect(world.sent.map(({ at_s }) => at_s)).toEqual([60, 180]);
  });
  it('lists page by page, by group and by the beginning of the name', async () => {
    for (const Name of ['a-1', 'a-2', 'a-3', 'b-1']) await create({ Name });
    const first = await client.send(new ListSchedulesCommand({ GroupName: 'jobs', NamePrefix: 'a-', MaxResults: 2 }));
    const next = await client.send(
      new ListSchedulesCommand({ GroupName: 'jobs', NamePrefix: 'a-', MaxResults: 2, NextToken: first.NextToken }),
    );
    expect([first, next].map(({ Schedules }) => Schedules?.map(({ Name }) => Name))).toEqual([['a-1', 'a-2'], ['a-3']]);
    expect(next.NextToken).toBeUndefined();
  });
  it('deletes a group with all that is in it, but never the default one', async () => {
    await create();
    await client.send(new DeleteScheduleGroupCommand({ Name: 'jobs' }));
    expect(world.server.schedules()).toEqual([]);
    await expect(client.send(new GetScheduleGroupCommand({ Name: 'jobs' }))).rejects.toThrow(ResourceNotFoundException);
    await expect(client.send(new DeleteScheduleGroupCommand({ Name: 'default' }))).rejects.toThrow(ValidationException);
  });
  it('takes ten calls a second about one schedule, whatever the others do', async () => {
    for (let call = 0; call < 10; call += 1) await remove().catch(() => undefined);
    await expect(remove()).rejects.toThrow(ThrottlingException);
    await expect(create({ Name: 'job-2' })).resolves.toBeDefined();
    await world.time.advance(1.1);
    await expect(create()).resolves.toBeDefined();
  });
});
