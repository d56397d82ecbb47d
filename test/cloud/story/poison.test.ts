import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiCall, Fault } from '../queues/api-call.ts';
import { type CloudStory, cloudStory } from './cloud-story.ts';
import { state } from './remote.ts';

let story: CloudStory;
let directory: string;
let fault: (call: ApiCall) => Fault | undefined = () => undefined;

beforeAll(async () => {
  story = await cloudStory({ fault: (call) => fault(call) });
  directory = join(story.cloud.described.functions[0]?.code_directory ?? '', '..');
}, 120_000);
afterAll(() => story.close());

/** Queues whose messages raise an alarm. */
function alarmed(): string[] {
  const template = JSON.parse(readFileSync(join(directory, 'Local.template.json'), 'utf8'));
  return Object.values(template.Resources as Record<string, { Type: string; Properties: Record<string, unknown> }>)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .flatMap(({ Properties }) => [...JSON.stringify(Properties).matchAll(/"Fn::GetAtt":\["(\w+)","QueueName"\]/g)])
    .map(([, id = '']) => id);
}

it('a poison message ends in the dead letters, which raise an alarm; the ticks beside it come once', async () => {
  story.remote.say(() => state('RUNNING'));
  const job_id = await story.adopt('beside', { expected_seconds: 600, timeout_seconds: 3000, first_check: 'later' });
  const { generation_ms } = JSON.parse(String(story.cloud.jobSchedules()[0]?.input.Target.Input));
  const tick = { job_id, generation_ms, carrier: 'heartbeat', expected_checks: null, due_at_ms: story.time.now() };
  await story.time.advance(5);
  await story.put(story.queue('TicksQueue'), ['no tick at all', JSON.stringify(tick)]);
  await story.cloud.rest();
  expect(story.cloud.queues.depth(story.queue('TicksQueue'))).toEqual({ ready: 0, in_flight: 1 });
  await story.time.until(() => story.cloud.queues.bodies(story.queue('TicksDeadLetters')).length > 0, 5 * 240 + 10);
  expect(story.cloud.queues.bodies(story.queue('TicksDeadLetters'))).toEqual(['no tick at all']);
  expect(alarmed()).toContain(story.queue('TicksDeadLetters'));
  const refused = story.cloud.lambda.logs.filter(({ line }) => line.includes('no JSON'));
  expect(refused).toHaveLength(5);
  story.remote.say(() => state('FINISHED'));
  await story.untilOver(job_id, 200);
  await story.expectOver(job_id, 'beside');
});

it('a job ends as it should where AWS throttles and fails each call of it again and again', async () => {
  story.remote.say(({ number }) => state(number < 4 ? 'RUNNING' : 'FINISHED'));
  const bad = new Map<string, number>();
  // Six in a row are more than any client tries: the tick fails as a whole, and comes again.
  const stubborn = ['sns:Publish', 'scheduler:DeleteSchedule'];
  fault = ({ action }) => {
    const number = (bad.get(action) ?? 0) + 1;
    bad.set(action, number);
    if (stubborn.includes(action)) return number <= 6 ? 'fail' : undefined;
    return number === 1 ? 'throttle' : undefined;
  };
  const job_id = await story.adopt('throttled', { expected_seconds: 30 });
  await story.untilOver(job_id, 900);
  fault = () => undefined;
  expect([...bad.keys()].sort()).toEqual([
    'dynamodb:PutItem',
    'dynamodb:Query',
    'dynamodb:UpdateItem',
    'scheduler:CreateSchedule',
    'scheduler:DeleteSchedule',
    'sns:Publish',
    'sqs:SendMessage',
  ]);
  expect(story.remote.looks('throttled')).toHaveLength(4);
  await story.expectOver(job_id, 'throttled');
  expect(story.published(job_id)).toHaveLength(1);
}, 120_000);
