import type { Schedules, Tick, Ticks } from '../../lib/ports.ts';
import type { Timeline } from './timeline.ts';

/** When a tick arrives instead of on time: one delay (ms, negative is early) for each delivery, none when it is lost. */
export type Disturb = (tick: Tick) => number[];

type Heart = { ref: { job_id: string; generation_ms: number }; stop: () => void };

/** Chain ticks and heartbeats that behave as the cloud's do: by true time, on whole minutes, disturbed as told. */
export function carriers(time: Timeline, deliver: (tick: Tick) => Promise<void>, disturb: Disturb = () => [0]) {
  const pending: Tick[] = [];
  const schedules = new Map<string, Heart>();

  /** Brings a tick `late_ms` after its time; before half its delay is over at the earliest. */
  function post(tick: Tick, late_ms: number): void {
    pending.push(tick);
    const delay_ms = Math.max(0, time.trueAt(tick.due_at_ms) - time.trueNow());
    time.at(time.trueNow() + Math.max(delay_ms / 2, delay_ms + late_ms), () => {
      pending.splice(pending.indexOf(tick), 1);
      void deliver(tick);
    });
  }

  const ports: { ticks: Ticks; schedules: Schedules } = {
    ticks: {
      send: (tick) => {
        if (time.trueAt(tick.due_at_ms) - time.trueNow() > 900_000)
          return Promise.reject(new Error(`a tick can be delayed by 900 s at most, not until ${tick.due_at_ms}`));
        for (const late_ms of disturb(tick)) post(tick, late_ms);
        return Promise.resolve();
      },
    },
    schedules: {
      create: ({ ref, interval_seconds, first_at_ms, end_at_ms }) => {
        if (schedules.has(ref.job_id)) return Promise.resolve();
        const every_ms = Math.max(1, Math.ceil(interval_seconds / 60)) * 60_000;
        const end_ms = time.trueAt(end_at_ms);
        const beatAt = (at_ms: number): (() => void) =>
          time.at(at_ms, () => {
            heart.stop = at_ms + every_ms > end_ms ? () => undefined : beatAt(at_ms + every_ms);
            if (at_ms + every_ms > end_ms) schedules.delete(ref.job_id);
            const tick: Tick = { ...ref, carrier: 'heartbeat', expected_checks: null, due_at_ms: time.now() };
            for (const late_ms of disturb(tick)) post(tick, Math.max(0, late_ms));
          });
        const heart: Heart = { ref, stop: beatAt(time.trueAt(first_at_ms)) };
        schedules.set(ref.job_id, heart);
        return Promise.resolve();
      },
      delete: ({ job_id }) => {
        schedules.get(job_id)?.stop();
        schedules.delete(job_id);
        return Promise.resolve();
      },
    },
  };
  return { ...ports, pending, hearts: schedules, post };
}
