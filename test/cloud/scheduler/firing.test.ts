import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  type SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { afterEach, describe, expect, it } from 'vitest';
import type { SchedulerServerOptions } from '../scheduler-server.ts';
import { seededLateness } from './firing.ts';
import { minutely, type SchedulerWorld, schedulerWorld, seconds, tickArn } from './scheduler-world.ts';

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
    expect(world.sent.map(({ at_s, target_arn }) => [at_s, target_arn])).toEqual([[61, tickArn]]);
  });
});
