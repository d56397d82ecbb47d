import { CreateScheduleCommand, DeleteScheduleCommand } from '@aws-sdk/client-scheduler';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { environmentOf } from '../local/callers.ts';
import type { Sending } from '../queues/sqs-front.ts';
import { type CloudStory, cloudStory } from './cloud-story.ts';
import { json, state } from './remote.ts';

let story: CloudStory;
/** What happens to ticks of the chain, and to beats, on their way: ms late each time they arrive. */
let ofChain: (tick: { expected_checks: number; number: number }) => readonly number[];
let ofHeartbeat: (number: number) => readonly number[];
const count = { chain: 0, heartbeat: 0 };

const onQueue = ({ queue, body }: Sending): readonly number[] => {
  if (!queue.startsWith('UntilDoneTicksQueue') || !body.includes('"carrier":"chain"')) return [0];
  count.chain += 1;
  return ofChain({ ...JSON.parse(body), number: count.chain });
};
beforeAll(async () => {
  story = await cloudStory({
    queues: { disturb: onQueue },
    scheduler: {
      disturb: ({ group }) => {
        if (group === 'default') return [0];
        count.heartbeat += 1;
        return ofHeartbeat(count.heartbeat);
      },
    },
  });
}, 120_000);
afterAll(() => story.close());
beforeEach(() => {
  ofChain = ofHeartbeat = () => [0];
  count.chain = count.heartbeat = 0;
});

function endsAfter(seconds: number): void {
  const begun_ms = story.time.now();
  story.remote.say(({ at_ms }) => state(at_ms - begun_ms < seconds * 1000 ? 'RUNNING' : 'FINISHED'));
}
const gaps = (run: string): number[] => {
  const looks = story.remote.looks(run);
  return looks.slice(1).map((at_ms, number) => (at_ms - (looks[number] ?? 0)) / 1000);
};
/** Told once, by whoever it was, and left nothing behind. */
async function overOnce(job_id: string, run: string): Promise<void> {
  await story.expectOver(job_id, run);
  expect(story.published(job_id)).toHaveLength(1);
}

describe('ticks of the chain', () => {
  it.each<[string, typeof ofChain]>([
    ['twice', () => [0, 0]],
    ['once more, much later', () => [0, 35_000]],
    ['out of order', ({ number }) => (number % 3 === 0 ? [4_000, 0] : [0, 9_000])],
    ['early', ({ number }) => (number % 2 === 0 ? [-6_000] : [0])],
  ])('that arrive %s lead to no more checks', async (how, disturbed) => {
    ofChain = disturbed;
    endsAfter(100);
    const run = `chain-${how.replaceAll(/\W+/g, '-')}`;
    const job_id = await story.adopt(run, { expected_seconds: 100 });
    await story.untilOver(job_id, 200);
    // 0, 3, 9, 19, …, 99, 109 s.
    expect(story.remote.looks(run).length).toBeGreaterThanOrEqual(11);
    expect(story.remote.looks(run).length).toBeLessThanOrEqual(13);
    expect(Math.min(...gaps(run).slice(3))).toBeGreaterThan(7.9);
    await overOnce(job_id, run);
  });

  it('that arrive late delay a check, and the ones after it by no more', async () => {
    ofChain = ({ number }) => (number === 4 ? [9_000] : [0]);
    endsAfter(100);
    const job_id = await story.adopt('chain-late', { expected_seconds: 100 });
    await story.untilOver(job_id, 200);
    expect(gaps('chain-late').filter((gap) => gap > 15)).toHaveLength(1);
    await overOnce(job_id, 'chain-late');
  });

  it('that are lost break the chain, which the heartbeat picks up', async () => {
    ofChain = ({ number }) => (number === 4 ? [] : [0]);
    endsAfter(200);
    const job_id = await story.adopt('chain-lost', { expected_seconds: 100 });
    await story.untilOver(job_id, 300);
    const broken = gaps('chain-lost').filter((gap) => gap > 15);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toBeLessThan(10 + 15 + 60);
    expect(gaps('chain-lost').length).toBeGreaterThan(12);
    await overOnce(job_id, 'chain-lost');
  });
});

describe('heartbeats', () => {
  it.each<[string, typeof ofHeartbeat]>([
    ['twice', () => [0, 0]],
    ['once more, half a minute later', () => [0, 28_000]],
    ['out of order', (number) => (number % 2 === 0 ? [65_000] : [0])],
  ])('that arrive %s lead to checks half an interval apart at least', async (how, disturbed) => {
    ofHeartbeat = disturbed;
    endsAfter(500);
    const run = `beat-${how.replaceAll(/\W+/g, '-')}`;
    const job_id = await story.adopt(run, { expected_seconds: 600 });
    await story.untilOver(job_id, 900);
    expect(Math.min(...gaps(run).slice(5))).toBeGreaterThan(29);
    await overOnce(job_id, run);
  });

  /** Such a beat as the job's schedule sends. */
  async function beat(job_id: string): Promise<void> {
    const schedule = story.cloud.jobSchedules().find(({ name }) => name === job_id);
    const { generation_ms } = JSON.parse(String(schedule?.input.Target.Input));
    const tick = { job_id, generation_ms, carrier: 'heartbeat', expected_checks: null, due_at_ms: story.time.now() };
    await story.put(story.queue('TicksQueue'), [JSON.stringify(tick)]);
  }
  it('that come before half an interval look at nothing, and the next one does', async () => {
    endsAfter(400);
    const job_id = await story.adopt('beat-early', { expected_seconds: 600 });
    await story.time.until(() => story.remote.looks('beat-early').length === 7, 400);
    for (const seconds of [1, 10, 15]) {
      await story.time.advance(seconds);
      await beat(job_id);
    }
    await story.cloud.rest();
    expect(story.remote.looks('beat-early')).toHaveLength(7);
    await story.untilOver(job_id, 900);
    expect(Math.max(...gaps('beat-early').slice(6))).toBeLessThan(62);
    await overOnce(job_id, 'beat-early');
  });
  it('that come before the time that the remote side asked for look at nothing, and a later one does', async () => {
    story.remote.say(({ number }) =>
      number === 6 ? json(429, {}, { 'retry-after': '150' }) : state(number < 8 ? 'RUNNING' : 'FINISHED'),
    );
    const job_id = await story.adopt('beat-floor', { expected_seconds: 600 });
    await story.time.until(() => story.remote.looks('beat-floor').length === 6, 400);
    // Beyond half an interval; beats of the schedule come in between too.
    for (const seconds of [50, 90]) {
      await story.time.advance(seconds);
      await beat(job_id);
    }
    await story.cloud.rest();
    expect(story.remote.looks('beat-floor')).toHaveLength(6);
    await story.untilOver(job_id, 900);
    const [asked = 0] = gaps('beat-floor').slice(5);
    expect(asked).toBeGreaterThanOrEqual(150);
    expect(asked).toBeLessThan(150 + 62);
    await overOnce(job_id, 'beat-floor');
  });

  it('that come after the end, or ticks, find nothing to do', async () => {
    endsAfter(20);
    const job_id = await story.adopt('afterwards', { expected_seconds: 30 });
    const { generation_ms } = JSON.parse(String(story.cloud.jobSchedules()[0]?.input.Target.Input));
    await story.untilOver(job_id, 60);
    const looks = story.remote.looks('afterwards').length;
    const tick = { job_id, generation_ms, due_at_ms: story.time.now() };
    await story.put(story.queue('TicksQueue'), [
      JSON.stringify({ ...tick, carrier: 'heartbeat', expected_checks: null }),
      JSON.stringify({ ...tick, carrier: 'chain', expected_checks: 2 }),
    ]);
    await story.time.advance(10);
    expect(story.remote.looks('afterwards')).toHaveLength(looks);
    await overOnce(job_id, 'afterwards');
  });
});

describe('ticks of a record that is gone', () => {
  it.each(['chain', 'heartbeat'])('delete its schedule and do nothing else, by the %s', async (carrier) => {
    const { cloud, remote, time } = story;
    remote.say(() => state('RUNNING'));
    const run = `gone-${carrier}`;
    const job_id = await story.adopt(run, { expected_seconds: 100 });
    await time.advance(90);
    ofChain = () => (carrier === 'chain' ? [0] : []);
    ofHeartbeat = () => (carrier === 'heartbeat' ? [0] : []);
    await cloud.dynamo.expire(cloud.described.tables[0]?.name ?? '', `JOB#${job_id}`);
    const looks = remote.looks(run).length;
    const from = { dynamo: cloud.dynamo.billed.length, queues: cloud.queues.calls.length };
    await story.untilOver(job_id, carrier === 'chain' ? 15 : 90);
    await time.advance(3600);
    expect(cloud.dynamo.billed.slice(from.dynamo).filter(({ action }) => action !== 'Query')).toEqual([]);
    const sent = cloud.queues.calls
      .slice(from.queues)
      .filter(({ action, session_token }) => /Send|Publish/.test(action) && environmentOf(session_token) !== null);
    expect(sent).toEqual([]);
    expect(remote.looks(run)).toHaveLength(looks);
    expect(cloud.queues.depth(story.queue('TicksQueue'))).toEqual({ ready: 0, in_flight: 0 });
    expect(cloud.queues.bodies(story.queue('TicksDeadLetters'))).toEqual([]);
  });
});

describe('schedules', () => {
  it('that a job has lost are made again by the sweep, which also wakes it', async () => {
    ofChain = ({ number }) => (number >= 3 ? [] : [0]);
    endsAfter(1500);
    const job_id = await story.adopt('unwatched', { expected_seconds: 100, timeout_seconds: 7200 });
    const [schedule] = story.cloud.jobSchedules();
    await story.cloud.operator.scheduler.send(
      new DeleteScheduleCommand({ GroupName: schedule?.input.GroupName, Name: job_id }),
    );
    await story.time.advance(500);
    const looks = story.remote.looks('unwatched').length;
    expect(story.hasSchedule(job_id)).toBe(false);
    await story.time.until(() => story.hasSchedule(job_id), 900);
    // The chain is lost again and again: the new schedule alone carries the checks to the end.
    await story.untilOver(job_id, 900);
    expect(story.remote.looks('unwatched').length).toBeGreaterThan(looks);
    await overOnce(job_id, 'unwatched');
  });

  it('without a job are deleted by their own heartbeat', async () => {
    story.remote.say(() => state('RUNNING'));
    const model_id = await story.adopt('model', { expected_seconds: 100, timeout_seconds: 300 });
    const { input } = story.cloud.jobSchedules()[0] ?? {};
    const lost_id = `job_${'0'.repeat(26)}`;
    await story.cloud.operator.scheduler.send(
      new CreateScheduleCommand({
        ...input,
        Name: lost_id,
        ClientToken: undefined,
        StartDate: undefined,
        EndDate: undefined,
        ScheduleExpression: 'rate(1 minute)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          ...input?.Target,
          Arn: input?.Target.Arn,
          RoleArn: input?.Target.RoleArn,
          Input: String(input?.Target.Input).replace(model_id, lost_id),
        },
      }),
    );
    expect(story.hasSchedule(lost_id)).toBe(true);
    await story.untilOver(lost_id, 180);
    await story.untilOver(model_id, 500);
  });
});
