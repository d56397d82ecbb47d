import { chainGraceMs } from '../core/cadence.ts';
import { isTerminal, type Job, type JobRef } from '../core/job.ts';
import { heartbeatAt } from '../core/tick-plan.ts';
import type { TickReport } from '../flow/run-tick.ts';
import type { Schedules, Tick, Ticks } from '../ports.ts';
import { createDueQueue } from './due-queue.ts';
import { createFifo } from './fifo.ts';
import type { Timers } from './timers.ts';

/** Ticks on one machine: the chain and the heartbeats in one due queue. */
export type TickRunner = {
  ticks: Ticks;
  schedules: Schedules;
  /** Puts a job that was found in the file back on its way: one look as soon as it is due, the longest overdue first. */
  resume(job: Job): void;
  /** Jobs with a heartbeat: what `schedules left behind` counts. */
  beating(): number;
  /** Takes no further ticks and waits for those under way. */
  stop(): Promise<void>;
};

export type TickRunnerOptions = {
  timers: Timers;
  peek: (job_id: string) => Job | undefined;
  run: (tick: Tick) => Promise<TickReport>;
  /** Hears of every tick, after it. */
  observe: (tick: Tick, result: TickReport | Error) => void;
};

/** A tick in the queue. `beat` numbers the job's heartbeat, so that a moved one leaves its old entry dead; null on the chain. */
type Due = { tick: Tick; beat: number | null };

/** Ticks at once; the rest wait in line, so that a thousand overdue jobs after downtime do not all call out together. */
const mostAtOnce = 256;
/** Ticks begun in one turn of the event loop: after a restart the first requests go out before the last are made. */
const mostAtATurn = 32;
const restMs = 1_000;
const restAfterFailureMs = [1_000, 5_000, 15_000, 60_000] as const;

/** The heartbeat is the job's own due row: one living entry a job, which when it fires moves to where the record says. */
export function createTickRunner({ timers, peek, run, observe }: TickRunnerOptions): TickRunner {
  const waiting = createFifo<Due>();
  const underWay = new Set<Promise<void>>();
  const beats = new Map<string, number>();
  const failures = new Map<string, number>();
  let lastBeat = 0;
  let begunThisTurn = 0;
  let stopped = false;
  const queue = createDueQueue<Due>(timers, (due) => {
    if (due.beat !== null && !isBeatDue(due.tick, due.beat)) return;
    waiting.push(due);
    pump();
  });

  function beat(ref: JobRef, at_ms: number): void {
    lastBeat += 1;
    beats.set(ref.job_id, lastBeat);
    const tick: Tick = {
      job_id: ref.job_id,
      generation_ms: ref.generation_ms,
      carrier: 'heartbeat',
      expected_checks: null,
      due_at_ms: at_ms,
    };
    queue.add({ tick, beat: lastBeat }, at_ms);
  }
  const beatAtOf = (job: Job): number => (isTerminal(job) ? timers.now() : heartbeatAt(job, timers.now()));

  /** A heartbeat whose job was checked meanwhile moves on; one whose job is gone ends. */
  function isBeatDue(tick: Tick, number: number): boolean {
    if (beats.get(tick.job_id) !== number) return false;
    const job = peek(tick.job_id);
    const at_ms = job === undefined ? 0 : beatAtOf(job);
    if (at_ms <= timers.now() + 1) return true;
    queue.add({ tick: { ...tick, due_at_ms: at_ms }, beat: number }, at_ms);
    return false;
  }
  function pump(): void {
    while (underWay.size < mostAtOnce && begunThisTurn < mostAtATurn && !stopped) {
      const due = waiting.shift();
      if (due === undefined) return;
      if (begunThisTurn === 0) setImmediate(nextTurn);
      begunThisTurn += 1;
      const one = runOne(due).finally(() => {
        underWay.delete(one);
        pump();
      });
      underWay.add(one);
    }
  }
  function nextTurn(): void {
    begunThisTurn = 0;
    pump();
  }
  async function runOne({ tick, beat: number }: Due): Promise<void> {
    let rest_ms = restMs;
    try {
      observe(tick, await run(tick));
      failures.delete(tick.job_id);
    } catch (error) {
      const failed = failures.get(tick.job_id) ?? 0;
      failures.set(tick.job_id, failed + 1);
      rest_ms = restAfterFailureMs[failed] ?? 60_000;
      observe(tick, error instanceof Error ? error : new Error(String(error)));
    }
    const job = peek(tick.job_id);
    if (job === undefined || stopped) {
      beats.delete(tick.job_id);
      failures.delete(tick.job_id);
    } else if (number !== null || failures.has(tick.job_id)) {
      // A chain tick that failed is not sent again: the heartbeat comes early and goes on from the stored number.
      const wanted_ms = failures.has(tick.job_id) ? 0 : beatAtOf(job);
      beat(tick, Math.max(wanted_ms, timers.now() + rest_ms));
    }
  }
  return {
    ticks: {
      send: (tick) => {
        queue.add({ tick, beat: null }, tick.due_at_ms);
        return Promise.resolve();
      },
    },
    schedules: {
      create: ({ ref, first_at_ms }) => {
        if (!beats.has(ref.job_id)) beat(ref, first_at_ms);
        return Promise.resolve();
      },
      delete: ({ job_id }) => {
        beats.delete(job_id);
        return Promise.resolve();
      },
    },
    resume: (job) => {
      if (isTerminal(job) || job.state.phase === 'starting') return beat(job, beatAtOf(job));
      const { job_id, generation_ms, started_at_ms, state } = job;
      const now_ms = timers.now();
      const clockJumpedBack = now_ms < (state.claimed_at_ms ?? started_at_ms);
      const at_ms = clockJumpedBack ? now_ms : state.next_check_at_ms;
      // Well after the chain's tick: together they would make two checks of one.
      beat(job, Math.max(beatAtOf(job), Math.max(at_ms, now_ms) + chainGraceMs));
      queue.add(
        { tick: { job_id, generation_ms, carrier: 'chain', expected_checks: null, due_at_ms: at_ms }, beat: null },
        at_ms,
      );
    },
    beating: () => beats.size,
    stop: async () => {
      stopped = true;
      queue.stop();
      waiting.clear();
      await Promise.allSettled([...underWay]);
    },
  };
}
