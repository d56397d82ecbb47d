import { describe, expect, it } from 'vitest';
import { type Job, refOf } from '../../lib/core/job.ts';
import type { Schedules, Tick, Ticks } from '../../lib/ports.ts';
import { aJob } from './records.ts';

/** Carriers in front of a job that runs, and whose record never changes; `advance` moves their time. */
export type OpenCarriers = (job: Job) => Promise<{
  ticks: Ticks;
  schedules: Schedules;
  now: () => number;
  advance: (seconds: number) => Promise<void>;
  /** Every tick brought so far. */
  brought: { at_ms: number; tick: Tick }[];
  /** How many schedules there are. */
  beating: () => number;
  close: () => Promise<void>;
}>;

type Carriers = Awaited<ReturnType<OpenCarriers>>;

/** What flow relies on, of any engine's Schedules and Ticks. */
export function carriersContract(name: string, open: OpenCarriers): void {
  const job = aJob();
  const given = (what: string, run: (carriers: Carriers) => Promise<void>): void =>
    it(what, async () => {
      const carriers = await open(job);
      try {
        await run(carriers);
      } finally {
        await carriers.close();
      }
    });
  const chain = ({ now }: Carriers, seconds: number, expected_checks: number | null = 0): Tick => ({
    ...refOf(job),
    carrier: 'chain',
    expected_checks,
    due_at_ms: now() + seconds * 1000,
  });
  const schedule = ({ now }: Carriers) => ({
    ref: refOf(job),
    interval_seconds: 60,
    first_at_ms: now() + 60_000,
    end_at_ms: now() + 86_400_000,
  });

  describe(`${name} as carriers`, () => {
    given('bring a tick when it is due, not before, and once', async (carriers) => {
      const tick = chain(carriers, 30);
      await carriers.ticks.send(tick);
      await carriers.advance(29);
      expect(carriers.brought).toEqual([]);
      await carriers.advance(300);
      expect(carriers.brought).toEqual([{ at_ms: tick.due_at_ms, tick }]);
    });
    given('bring a tick that is overdue at once', async (carriers) => {
      await carriers.ticks.send(chain(carriers, -3600));
      await carriers.advance(0.01);
      expect(carriers.brought).toHaveLength(1);
    });
    given('bring ticks in the order of their due times', async (carriers) => {
      for (const seconds of [5, 1, 4, 2, 3]) await carriers.ticks.send(chain(carriers, seconds, seconds));
      await carriers.advance(10);
      expect(carriers.brought.map(({ tick }) => tick.expected_checks)).toEqual([1, 2, 3, 4, 5]);
    });
    given(
      'beat again and again from the first time on, for as long as nobody deletes the schedule',
      async (carriers) => {
        await carriers.schedules.create(schedule(carriers));
        await carriers.advance(59);
        expect(carriers.brought).toEqual([]);
        await carriers.advance(200);
        expect(carriers.brought.length).toBeGreaterThanOrEqual(2);
        for (const { tick } of carriers.brought)
          expect(tick).toMatchObject({ ...refOf(job), carrier: 'heartbeat', expected_checks: null });
      },
    );
    given('keep one schedule a job, however often it is created', async (carriers) => {
      for (let time = 0; time < 3; time += 1) await carriers.schedules.create(schedule(carriers));
      expect(carriers.beating()).toBe(1);
      await carriers.advance(60.01);
      expect(carriers.brought).toHaveLength(1);
    });
    given('keep the first time of a schedule that is created again later', async (carriers) => {
      await carriers.schedules.create(schedule(carriers));
      await carriers.advance(30);
      await carriers.schedules.create(schedule(carriers));
      await carriers.advance(30.01);
      expect(carriers.brought).toHaveLength(1);
    });
    given('are still once the schedule is deleted, and deleting it again is no fault', async (carriers) => {
      await carriers.schedules.create(schedule(carriers));
      await carriers.schedules.delete(refOf(job));
      await carriers.schedules.delete(refOf(job));
      expect(carriers.beating()).toBe(0);
      await carriers.advance(600);
      expect(carriers.brought).toEqual([]);
    });
  });
}
