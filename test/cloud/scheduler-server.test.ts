import {
  ConflictException,
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  InternalServerException,
  ListSchedulesCommand,
  ResourceNotFoundException,
  type SchedulerClient,
  ServiceQuotaExceededException,
  ThrottlingException,
  UpdateScheduleCommand,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededLateness } from './scheduler/firing.ts';
import {
  minutely,
  type SchedulerWorld,
  schedulerClient,
  schedulerWorld,
  seconds,
  tickArn,
} from './scheduler/scheduler-world.ts';
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
    ['a target that is no queue', target({ Arn: 'arn:aws:lambda:eu-west-1:000000000000:function:poll' })],
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

describe('schedules', () => {
  it('fire from the start on, every minute, until the end, and are deleted then', async () => {
    await open();
    await create({ EndDate: seconds(200) });
    await world.time.advance(59);
    expect(world.sent).toEqual([]);
    await world.time.advance(1000);
    expect(world.sent.map(({ at_s }) => at_s)).toEqual([60, 120, 180]);
    expect(world.server.schedules()).toEqual([]);
  });
  it('fire at once without a start, and stay without an end', async () => {
    await open();
    await create({ StartDate: undefined, EndDate: undefined });
    await world.time.advance(120);
    expect(world.sent.map(({ at_s }) => at_s)).toEqual([0, 60, 120]);
    expect(world.server.schedules()).toHaveLength(1);
  });
  it('stay after their end when nothing else was asked for', async () => {
    await open();
    await create({ ActionAfterCompletion: 'NONE' });
    await world.time.advance(1000);
    expect(world.server.schedules()).toHaveLength(1);
    expect(world.sent).toHaveLength(10);
  });
  it('fire once at a time, and are deleted after it', async () => {
    await open();
    await create({ ScheduleExpression: 'at(2026-11-21T09:05:00)' });
    await world.time.advance(299);
    expect(world.server.schedules()).toHaveLength(1);
    await world.time.advance(900);
    expect([world.sent.map(({ at_s }) => at_s), world.server.schedules()]).toEqual([[300], []]);
  });
  it('fill the placeholders of their input', async () => {
    await open();
    const Input =
      '{"at":"<aws.scheduler.scheduled-time>","arn":"<aws.scheduler.schedule-arn>","n":<aws.scheduler.attempt-number>}';
    await create(target({ Input }));
    await world.time.advance(60);
    expect(JSON.parse(world.sent[0]?.body ?? '')).toEqual({
      at: '2026-11-21T09:01:00Z',
      arn: 'arn:aws:scheduler:eu-west-1:000000000000:schedule/jobs/job-1',
      n: 1,
    });
  });
  it('fire some seconds into the minute, the same for the same seed', async () => {
    const beats: number[][] = [];
    for (let run = 0; run < 2; run += 1) {
      if (run > 0) await world.close();
      world = await schedulerWorld({ lateness_ms: seededLateness(7) });
      client = world.client;
      await create({ GroupName: 'default' });
      await world.time.advance(600);
      beats.push(world.sent.map(({ at_s }) => at_s));
    }
    const [first = [], again] = beats;
    expect(first).toEqual(again);
    expect(first.length).toBeGreaterThanOrEqual(8);
    for (const [beat, at_s] of first.entries()) expect(Math.floor(at_s / 60)).toBe(beat + 1);
    expect(new Set(first.map((at_s) => at_s % 60)).size).toBeGreaterThan(3);
  });
  it('are still after their deletion', async () => {
    await open();
    await create();
    await world.time.advance(60);
    await remove();
    await world.time.advance(600);
    expect(world.sent).toHaveLength(1);
  });
  it('are tried again, with growing pauses, and end in the dead letter queue', async () => {
    await open();
    await create({ EndDate: seconds(100) });
    world.script.refuses = true;
    await world.time.advance(100);
    expect(world.server.firings.map(({ at_ms, outcome }) => [(at_ms - seconds(0).getTime()) / 1000, outcome])).toEqual([
      [60, 'failed'],
      [61, 'failed'],
      [63, 'dead_lettered'],
    ]);
    expect(world.sent[0]?.attributes).toMatchObject({
      ERROR_CODE: 'Error',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '2',
      TARGET_ARN: tickArn,
    });
  });
  it('are given up when the event is too old, whatever retries are left', async () => {
    await open();
    await create({
      EndDate: seconds(100),
      ...target({ RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 185 } }),
    });
    world.script.refuses = true;
    await world.time.advance(1000);
    const [last] = world.sent;
    expect(last?.attributes['EXHAUSTED_RETRY_CONDITION']).toBe('MaximumEventAgeInSeconds');
    expect(last?.at_s).toBeLessThanOrEqual(120);
  });
  it('arrive once they are taken again', async () => {
    await open();
    await create({ EndDate: seconds(100) });
    world.script.refuses = true;
    await world.time.advance(60.5);
    world.script.refuses = false;
    await world.time.advance(30);
    expect(world.sent.map(({ at_s, queue_arn }) => [at_s, queue_arn])).toEqual([[61, tickArn]]);
  });
});

describe('faults', () => {
  it('bring an invocation twice, late, after the deletion, or not at all', async () => {
    const when: Record<number, number[]> = { 60: [0, 0], 120: [], 180: [400_000] };
    await open({ disturb: ({ scheduled_ms }) => when[(scheduled_ms - seconds(0).getTime()) / 1000] ?? [0] });
    await create();
    await world.time.advance(200);
    await remove();
    await world.time.advance(600);
    expect(world.sent.map(({ at_s }) => at_s)).toEqual([60, 60, 580]);
  });
  it('refuse and fail calls, before or after they took effect, and cut them off', async () => {
    const faults = ['throttle', 'fail', 'cut', 'fail_after'] as const;
    await open({
      fault: ({ action }, number) => (action === 'scheduler:CreateSchedule' ? faults[number - 1] : undefined),
    });
    await expect(create()).rejects.toThrow(ThrottlingException);
    await expect(create()).rejects.toThrow(InternalServerException);
    await expect(create()).rejects.toThrow();
    expect(world.server.schedules()).toEqual([]);
    await expect(create()).rejects.toThrow(InternalServerException);
    expect(world.server.schedules()).toHaveLength(1);
    await expect(create()).resolves.toBeDefined();
  });
  it('are what the SDK tries again by itself, to one schedule', async () => {
    await open({
      fault: ({ action }, number) => (action === 'scheduler:CreateSchedule' && number === 1 ? 'cut_after' : undefined),
    });
    const patient = schedulerClient(world.server.endpoint, 3);
    await patient.send(new CreateScheduleCommand(minutely()));
    patient.destroy();
    expect(world.server.schedules()).toHaveLength(1);
    expect(world.server.calls.filter(({ action }) => action === 'scheduler:CreateSchedule')).toHaveLength(2);
  });
  it('hold the role back for the first calls, as just after its creation', async () => {
    await open({ role_lag_calls: 2 });
    for (let call = 0; call < 2; call += 1)
      await expect(create()).rejects.toMatchObject({
        name: 'ValidationException',
        message: 'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.',
      });
    await expect(create()).resolves.toBeDefined();
  });
  it('end at the quota of schedules', async () => {
    await open({ max_schedules: 1 });
    await create();
    await expect(create({ Name: 'job-2' })).rejects.toThrow(ServiceQuotaExceededException);
  });
  it('deny what the policies do not allow, the role and its trust included', async () => {
    const asked: string[][] = [];
    let deny = '';
    await open({
      authorize: ({ action, resource, context, session_token }) => {
        asked.push([action, resource, session_token ?? '', ...Object.values(context)]);
        return action === deny ? `not authorized to perform: ${action}` : null;
      },
    });
    asked.length = 0;
    await create();
    expect(asked).toEqual([
      ['scheduler:CreateSchedule', 'arn:aws:scheduler:eu-west-1:000000000000:schedule/jobs/job-1', 'token-of-start'],
      ['iam:PassRole', 'arn:aws:iam::000000000000:role/scheduler', 'token-of-start', 'scheduler.amazonaws.com'],
      [
        'sts:AssumeRole',
        'arn:aws:iam::000000000000:role/scheduler',
        '',
        'arn:aws:scheduler:eu-west-1:000000000000:schedule-group/jobs',
        '000000000000',
        'scheduler.amazonaws.com',
      ],
    ]);
    deny = 'iam:PassRole';
    await expect(create({ Name: 'job-2' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
    deny = 'sts:AssumeRole';
    await expect(create({ Name: 'job-2' })).rejects.toThrow(/must allow AWS EventBridge Scheduler to assume the role/);
    expect(world.server.schedules()).toHaveLength(1);
  });
});
