import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloudStory, cloudStory } from './cloud-story.ts';
import { json, state } from './remote.ts';

let story: CloudStory;
beforeAll(async () => {
  story = await cloudStory();
}, 120_000);
afterAll(() => story.close());

/** Seconds between one look and the next. */
function gaps(run: string): number[] {
  const looks = story.remote.looks(run);
  return looks.slice(1).map((at_ms, number) => Math.round((at_ms - (looks[number] ?? 0)) / 1000));
}
/** The run ends so many seconds after it was first seen. */
function endsAfter(seconds: number): void {
  const begun_ms = story.time.now();
  story.remote.say(({ at_ms }) => state(at_ms - begun_ms < seconds * 1000 ? 'RUNNING' : 'FINISHED'));
}

describe('the pace of checks in the cloud', () => {
  it('rides heartbeats at an interval of 60 s, after the ramp on the chain', async () => {
    endsAfter(600);
    const begun_ms = Date.now();
    const job_id = await story.adopt('minutely', { expected_seconds: 600 });
    await story.untilOver(job_id, 700);
    // Ten minutes and more have passed, and hardly any of it really.
    expect(Date.now() - begun_ms).toBeLessThan(30_000);
    const [ramp, [first = 0, ...beats]] = [gaps('minutely').slice(0, 5), gaps('minutely').slice(5)];
    for (const [number, wanted] of [3, 6, 12, 24, 48].entries()) expect(ramp[number]).toBeCloseTo(wanted, -0.7);
    // From the ramp to the beats of the schedule it is between half an interval and one and a half.
    expect(first).toBeGreaterThanOrEqual(30);
    expect(first).toBeLessThanOrEqual(93);
    expect(beats.length).toBeGreaterThanOrEqual(6);
    for (const gap of beats) expect(gap).toBeCloseTo(60, -0.7);
    await story.expectOver(job_id, 'minutely');
    expect(story.published(job_id)).toHaveLength(1);
  });

  it('rides the chain at an interval of 10 s, past the 17th check', async () => {
    endsAfter(250);
    const job_id = await story.adopt('often', { expected_seconds: 100 });
    await story.untilOver(job_id, 300);
    expect(story.remote.looks('often').length).toBeGreaterThanOrEqual(26);
    expect(
      gaps('often')
        .slice(3)
        .every((gap) => gap >= 9 && gap <= 12),
    ).toBe(true);
    await story.expectOver(job_id, 'often');
    expect(story.published(job_id)).toHaveLength(1);
  });

  it('rides heartbeats of a quarter of an hour, for a kind that wants no more', async () => {
    endsAfter(3000);
    const body = {
      kind: 'slow',
      handle: { id: 'seldom' },
      timeout_seconds: 7200,
      acceptors: undefined,
      paths: undefined,
    };
    const job_id = await story.adopt('seldom', body);
    expect(story.cloud.jobSchedules()).toMatchObject([{ input: { ScheduleExpression: 'rate(15 minutes)' } }]);
    await story.untilOver(job_id, 4500);
    expect(story.remote.looks('seldom').length).toBeLessThanOrEqual(5);
    expect(gaps('seldom').every((gap) => gap >= 450 && gap <= 1350)).toBe(true);
    await story.expectOver(job_id, 'seldom');
    expect(story.published(job_id)).toHaveLength(1);
  });

  it('leaves a wait beyond 900 s, which no message can be delayed by, to the heartbeat', async () => {
    story.remote.say(({ number }) =>
      number === 3 ? json(429, {}, { 'retry-after': '1200' }) : state(number < 5 ? 'RUNNING' : 'FINISHED'),
    );
    const job_id = await story.adopt('asked-to-wait', { expected_seconds: 100, timeout_seconds: 3600 });
    await story.untilOver(job_id, 1500);
    const [, , wait = 0, next = 0] = gaps('asked-to-wait');
    expect(wait).toBeGreaterThanOrEqual(1200);
    // The grace after which the chain counts as broken, and the next beat.
    expect(wait).toBeLessThanOrEqual(1200 + 15 + 66);
    expect(next).toBeLessThanOrEqual(15);
    await story.expectOver(job_id, 'asked-to-wait');
    expect(story.published(job_id)).toHaveLength(1);
  });
});

describe('a function that Lambda would not let loop', () => {
  it('has its chain broken after 16 rounds, which only heartbeats mend', async () => {
    const strict = await cloudStory({
      change: (described) => ({
        ...described,
        functions: described.functions.map((fn) => ({ ...fn, may_loop: false })),
      }),
    });
    try {
      strict.remote.say(() => state('RUNNING'));
      await strict.adopt('stopped', { expected_seconds: 100 });
      await strict.time.advance(300);
      const looks = strict.remote.looks('stopped');
      const longest = Math.max(...looks.slice(1).map((at_ms, number) => at_ms - (looks[number] ?? 0)));
      expect(longest).toBeGreaterThan(25_000);
      const [dead] = strict.cloud.described.queues.filter(({ name }) => name.startsWith('UntilDoneTicksDeadLetters'));
      expect(strict.cloud.queues.bodies(dead?.name ?? '').length).toBeGreaterThan(0);
    } finally {
      await strict.close();
    }
  });
});
