import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Kill, killAt, killOn } from '../support/killing.ts';
import { endOf, type Lived, live, type Story, stories, storyOf } from '../support/stories.ts';
import { expectAllOver } from '../support/zero-row.ts';

/** Port calls of a story in which nothing goes wrong. */
async function lengthOf(story: Story): Promise<number> {
  let calls = 0;
  await live(story, {
    retries: false,
    around: ({ go }) => {
      calls += 1;
      return go();
    },
  });
  return calls;
}

/** What holds however the story was cut: all is over, nothing doubled, nothing left. */
function expectSound(story: Story, { one, job, orphans }: Lived, killed: string, retries: boolean): void {
  expectAllOver(one);
  const starts = one.secondsOf('start').length;
  expect(starts).toBeLessThanOrEqual(1);
  if (job === undefined) {
    expect([one.acknowledged.size, starts, one.events.length, one.schedules.size]).toEqual([0, 0, 0, 0]);
    return;
  }
  if (orphans.length > 0) expect(`${killed}, ${retries}`).toMatch(/^(after jobs|before schedules)\.create .*false$/);
  const end = endOf(job);
  if (end === story.end) return;
  // What else may come of it: a start whose answer was lost, or a wish to cancel that was never written down.
  if (job.spec.starts && job.handle === null) {
    expect(end).toBe('failed/start_unknown');
    return;
  }
  expect(story.cancel_after_seconds).toBeDefined();
  expect(job.state.cancel_requested_at_ms).toBeNull();
  expect(end).toBe('failed/timed_out');
}

/** Names the kill in whatever fails after it. */
async function expectSurvived(
  story: Story,
  kill: Kill,
  options: { retries: boolean; redeliver: boolean },
): Promise<void> {
  const redeliver_seconds = options.redeliver ? 30 : null;
  const lived = await live(story, { around: kill.around, retries: options.retries, redeliver_seconds });
  const killed = kill.at() ?? 'never';
  try {
    expect(killed).not.toBe('never');
    expectSound(story, lived, killed, options.retries);
  } catch (error) {
    throw new Error(`killed ${killed}, ${JSON.stringify(options)}: ${String(error)}`, { cause: error });
  }
}

describe.each(stories)('$name', (story) => {
  it('ends as told when nothing goes wrong', async () => {
    const lived = await live(story, { retries: false });
    expect(endOf(lived.job)).toBe(story.end);
    expect(lived.one.told()).toEqual(story.told);
    expect(lived.orphans).toEqual([]);
    expect(lived.one.crashes).toEqual([]);
    expectAllOver(lived.one);
  });

  for (const side of ['before', 'after'] as const)
    for (const options of [
      { retries: true, redeliver: false },
      { retries: false, redeliver: false },
      { retries: true, redeliver: true },
    ])
      it(`survives the end of the process ${side} every port call, ${
        options.retries ? 'the caller asks again' : 'the caller is gone'
      }${options.redeliver ? ' and ticks are brought again' : ''}`, async () => {
        const length = await lengthOf(story);
        expect(length).toBeGreaterThan(5);
        for (let nth = 1; nth <= length; nth++) await expectSurvived(story, killAt(nth, side), options);
      });
});

describe('each window by its name', () => {
  const started = storyOf('a started job completes');
  const windows: { window: string; kill: () => Kill; end: string; starts: number; orphan?: true }[] = [
    {
      window: 'after create',
      kill: () => killOn('jobs.create', 'after'),
      end: 'complete/null',
      starts: 1,
      orphan: true,
    },
    { window: 'after schedule', kill: () => killOn('schedules.create', 'after'), end: 'complete/null', starts: 1 },
    {
      window: 'after the starter claim',
      kill: () => killOn('jobs.claimStarter', 'after'),
      end: 'failed/start_unknown',
      starts: 0,
    },
    {
      window: 'during the starter',
      kill: () => killOn('transports.call', 'after'),
      end: 'failed/start_unknown',
      starts: 1,
    },
    {
      window: 'after the starter',
      kill: () => killOn('jobs.save', 'before'),
      end: 'failed/start_unknown',
      starts: 1,
    },
    { window: 'after the handle is saved', kill: () => killOn('jobs.save', 'after'), end: 'complete/null', starts: 1 },
    { window: 'after claim', kill: () => killOn('jobs.claim', 'after'), end: 'complete/null', starts: 1 },
    { window: 'after check', kill: () => killOn('transports.call', 'after', 2), end: 'complete/null', starts: 1 },
    { window: 'after save', kill: () => killOn('jobs.save', 'after', 2), end: 'complete/null', starts: 1 },
    {
      window: 'after the terminal write',
      kill: () => killOn('jobs.save', 'after', 3),
      end: 'complete/null',
      starts: 1,
    },
    { window: 'after the paid event', kill: () => killOn('jobs.paid', 'after'), end: 'complete/null', starts: 1 },
    { window: 'after delete', kill: () => killOn('schedules.delete', 'after'), end: 'complete/null', starts: 1 },
  ];
  it.each(windows)('$window: $end, started $starts time(s)', async ({ kill: made, end, starts, orphan }) => {
    const kill = made();
    const lived = await live(started, { around: kill.around, retries: false });
    expect(kill.at()).not.toBeNull();
    expect(endOf(lived.job)).toBe(end);
    expect(lived.one.secondsOf('start')).toHaveLength(starts);
    expect(lived.orphans).toHaveLength(orphan === true ? 1 : 0);
    expectAllOver(lived.one);
  });

  it('an adopted job that is over: after create the sweep, after schedule the heartbeat tells', async () => {
    const story = storyOf('an adopted job is over already');
    for (const port of ['jobs.create', 'schedules.create']) {
      const lived = await live(story, { around: killOn(port, 'after').around, retries: false });
      expect(lived.orphans).toHaveLength(port === 'jobs.create' ? 1 : 0);
      expect(lived.one.told()).toEqual(['job.settled']);
      expectAllOver(lived.one);
    }
  });

  it('after each paid event: every one is told, in order', async () => {
    const story = storyOf('a job is lost sight of, seen again, blocked, late and done');
    for (let nth = 1; nth <= story.told.length; nth++) {
      const kill = killOn('jobs.paid', 'after', nth);
      const lived = await live(story, { around: kill.around, retries: false });
      expect(kill.at()).not.toBeNull();
      expect(lived.one.told()).toEqual(story.told);
      expectAllOver(lived.one);
    }
  });

  it('before an event is struck off: it is announced again, under the same id', async () => {
    const lived = await live(started, { around: killOn('jobs.paid', 'before').around, retries: false });
    const ids = lived.one.published.map(({ event }) => event.event_id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(lived.one.events).toHaveLength(1);
    expectAllOver(lived.one);
  });
});

describe('a process that dies again and again', () => {
  it.each(stories)('$name, whatever is hit', async (story) => {
    const length = await lengthOf(story);
    const kills = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 3 * length }), fc.boolean()), {
      minLength: 2,
      maxLength: 6,
      selector: ([nth]) => nth,
    });
    await fc.assert(
      fc.asyncProperty(kills, fc.boolean(), fc.boolean(), async (hits, retries, redeliver) => {
        const chain = hits.map(([nth, after]) => killAt(nth, after ? 'after' : 'before'));
        const lived = await live(story, {
          retries,
          redeliver_seconds: redeliver ? 30 : null,
          around: (call) =>
            chain.reduceRight<() => Promise<unknown>>((go, kill) => () => kill.around({ ...call, go }), call.go)(),
        });
        // Each kill may hit the one window that only the sweep heals, also after the sweep has been here.
        await lived.one.sweep();
        await lived.one.advance(900);
        expectAllOver(lived.one);
        expect(lived.one.secondsOf('start').length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 25, seed: 20261121 },
    );
  });
});
