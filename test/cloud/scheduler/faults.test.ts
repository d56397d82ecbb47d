import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  InternalServerException,
  type SchedulerClient,
  ServiceQuotaExceededException,
  ThrottlingException,
} from '@aws-sdk/client-scheduler';
import { afterEach, describe, expect, it } from 'vitest';
import type { SchedulerServerOptions } from '../scheduler-server.ts';
import { minutely, type SchedulerWorld, schedulerClient, schedulerWorld, seconds, tickArn } from './scheduler-world.ts';

let world: SchedulerWorld;
let client: SchedulerClient;

async function open(options: Partial<SchedulerServerOptions> = {}): Promise<void> {
  world = await schedulerWorld(options);
  client = world.client;
  await client.send(new CreateScheduleGroupCommand({ Name: 'jobs' }));
}
const create = (rest: Parameters<typeof minutely>[0] = {}) => client.send(new CreateScheduleCommand(minutely(rest)));
const remove = (Name = 'job-1') => client.send(new DeleteScheduleCommand({ Name, GroupName: 'jobs' }));
const _target = (rest: object) => ({
  Target: { ...minutely().Target, Arn: tickArn, RoleArn: 'arn:aws:iam::000000000000:role/scheduler', ...rest },
});

afterEach(() => world.close());

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
