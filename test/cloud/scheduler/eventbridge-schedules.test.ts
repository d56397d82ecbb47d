import { GetScheduleCommand } from '@aws-sdk/client-scheduler';
import { afterEach, describe, expect, it } from 'vitest';
import { createEventBridgeSchedules } from '../../../lib/aws/eventbridge-schedules.ts';
import { readTick } from '../../../lib/aws/sqs-ticks.ts';
import { refOf } from '../../../lib/core/job.ts';
import type { Schedules } from '../../../lib/ports.ts';
import { aJob, epoch_ms } from '../../contracts/records.ts';
import { type CloudWorld, cloudWorld } from '../queues/cloud-world.ts';
import type { SchedulerServerOptions } from '../scheduler-server.ts';

const ref = refOf(aJob());
const minute_ms = 60_000;
let world: CloudWorld;
let schedules: Schedules;
let slept: number[];

async function open(options: Partial<SchedulerServerOptions> = {}, group = 'jobs'): Promise<void> {
  world = await cloudWorld({ epoch_ms, scheduler: options });
  slept = [];
  schedules = createEventBridgeSchedules({
    scheduler: world.clients.scheduler,
    group,
    target_arn: world.front.queueArn('ticks'),
    role_arn: 'arn:aws:iam::000000000000:role/scheduler',
    dead_letter_arn: world.front.queueArn('dead'),
    clock: { now: world.time.now, sleep: async (ms) => void slept.push(ms) },
  });
}
afterEach(() => world.close());

const create = (rest: Partial<Parameters<Schedules['create']>[0]> = {}): Promise<void> =>
  schedules.create({
    ref,
    interval_seconds: 60,
    first_at_ms: epoch_ms + minute_ms,
    end_at_ms: epoch_ms + 86_400_000,
    ...rest,
  });
const made = () => world.clients.scheduler.send(new GetScheduleCommand({ Name: ref.job_id, GroupName: 'jobs' }));
const creates = () => world.scheduler.calls.filter(({ action }) => action === 'scheduler:CreateSchedule');

describe('schedules on EventBridge', () => {
  it('are made with an end, without a flexible window, and delete themselves', async () => {
    await open();
    await create();
    expect(await made()).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      StartDate: new Date(epoch_ms + minute_ms),
      EndDate: new Date(epoch_ms + 86_400_000),
      ActionAfterCompletion: 'DELETE',
      Target: {
        Arn: world.front.queueArn('ticks'),
        RetryPolicy: { MaximumEventAgeInSeconds: 120, MaximumRetryAttempts: 3 },
        DeadLetterConfig: { Arn: world.front.queueArn('dead') },
      },
    });
  });
  it.each([
    [60, 'rate(1 minute)'],
    [61, 'rate(2 minutes)'],
    [120, 'rate(2 minutes)'],
    [3600, 'rate(60 minutes)'],
  ])('for a heartbeat every %i s beat at %s', async (interval_seconds, expression) => {
    await open();
    await create({ interval_seconds });
    expect((await made()).ScheduleExpression).toBe(expression);
  });
  it('never start in the past, and live for a while however late they are made', async () => {
    await open();
    await create({ first_at_ms: epoch_ms - 86_400_000, end_at_ms: epoch_ms - 1 });
    const { StartDate, EndDate } = await made();
    expect([StartDate, EndDate]).toEqual([new Date(epoch_ms), new Date(epoch_ms + 3_600_000)]);
  });
  it('put heartbeats into the tick queue that name the job and nothing else', async () => {
    await open();
    await create();
    await world.time.advance(60);
    const [body = ''] = await world.take('ticks');
    expect(Object.keys(JSON.parse(body))).toEqual(['job_id', 'generation_ms', 'carrier', 'expected_checks', 'due_at']);
    expect(readTick(body)).toEqual({
      ...ref,
      carrier: 'heartbeat',
      expected_checks: null,
      due_at_ms: epoch_ms + minute_ms,
    });
  });
  it('stay as they are when they are made again, at another time even', async () => {
    await open();
    await create();
    await world.time.advance(120);
    await create();
    expect((await made()).StartDate).toEqual(new Date(epoch_ms + minute_ms));
  });
  it('are made anew after a deletion', async () => {
    await open();
    await create();
    await schedules.delete(ref);
    expect(world.scheduler.schedules()).toEqual([]);
    await create();
    expect(world.scheduler.schedules()).toHaveLength(1);
  });
  it('are deleted when they are gone', async () => {
    await open();
    await expect(schedules.delete(ref)).resolves.toBeUndefined();
  });
  it('fail to be deleted while the service fails', async () => {
    await open({ fault: ({ action }) => (action === 'scheduler:DeleteSchedule' ? 'fail' : undefined) });
    await create();
    await expect(schedules.delete(ref)).rejects.toThrow();
  });
});

describe('a create that AWS refuses', () => {
  it('waits for a role that was just made', async () => {
    await open({ role_lag_calls: 3 });
    await create();
    expect([slept, world.scheduler.schedules().length]).toEqual([[500, 1000, 2000], 1]);
  });
  it('fails as unavailable when the role does not come', async () => {
    await open({ role_lag_calls: 100 });
    await expect(create()).rejects.toMatchObject({ code: 'UNAVAILABLE', retry_after_ms: 5000 });
    expect(slept).toEqual([500, 1000, 2000, 4000]);
  });
  it.each(['throttle', 'fail', 'cut'] as const)('fails as unavailable on %s', async (fault) => {
    await open({ fault: ({ action }) => (action === 'scheduler:CreateSchedule' ? fault : undefined) });
    await expect(create()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
  it('fails as unavailable beyond the quota', async () => {
    await open({ max_schedules: 0 });
    await expect(create()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
  it('is never repeated for anything else', async () => {
    await open({}, 'nowhere');
    await expect(create()).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    await world.close();
    await open({ authorize: ({ action }) => (action === 'iam:PassRole' ? 'no' : null) });
    await expect(create()).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    expect([creates().length, slept]).toEqual([1, []]);
  });
});
