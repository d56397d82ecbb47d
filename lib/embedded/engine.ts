import { setTimeout as sleep } from 'node:timers/promises';
import type { JobEvent } from '../core/announcement.ts';
import type { Job } from '../core/job.ts';
import { runTick, type TickReport } from '../flow/run-tick.ts';
import type { Ports, Settings, Tick, Transport } from '../ports.ts';
import { openDatabase } from './database.ts';
import { randomIds } from './random-ids.ts';
import { keepRetention } from './retention.ts';
import { type Attempt, createSqliteAnnouncements } from './sqlite-announcements.ts';
import { createSqliteEvents } from './sqlite-events.ts';
import { createSqliteJobStore } from './sqlite-job-store.ts';
import { createTickRunner } from './tick-runner.ts';
import { systemTimers, type Timers } from './timers.ts';

/** What the engine tells whoever watches it: each tick, each event once, each delivery. */
export type Observer = {
  tick(tick: Tick, result: TickReport | Error): void;
  event(event: JobEvent): void;
  delivery(target: string, event: JobEvent, attempt: Attempt, attempts: number): void;
};

export type EngineOptions = {
  directory: string;
  settings: Settings;
  transports: Record<'http', Transport>;
  /** Tells one target once; undefined for a target that is not configured. */
  tell: (target: string, event: JobEvent) => Promise<Attempt> | undefined;
  observer: Observer;
  timers?: Timers;
};

/** One process, one SQLite file: ports for flow, and the loops that drive it. */
export type Engine = {
  ports: Ports;
  /** Jobs in memory: running, or owing an event. */
  active(): Iterable<Job>;
  /** Heartbeats armed; none without an active job. */
  schedules(): number;
  /** Lets ticks and deliveries under way end, then closes the file. */
  stop(): Promise<void>;
};

/** Opens the file, takes up every job in it where it was left, and runs until stopped. Throws ConfigError when the file cannot be had. */
export function startEngine(options: EngineOptions): Engine {
  const { settings, observer, timers = systemTimers } = options;
  const database = openDatabase(options.directory);
  const jobs = createSqliteJobStore(database);
  const events = createSqliteEvents(database);
  const announcements = createSqliteAnnouncements({ database, timers, tell: options.tell, observe: observer.delivery });
  const runner = createTickRunner({
    timers,
    peek: jobs.peek,
    run: (tick) => runTick(ports, settings, tick),
    observe: observer.tick,
  });
  const ports: Ports = {
    jobs,
    schedules: runner.schedules,
    ticks: runner.ticks,
    events: {
      ...events,
      append: async (owner, event) => {
        await events.append(owner, event);
        observer.event(event);
      },
    },
    announcements,
    transports: options.transports,
    clock: { now: timers.now, sleep: (ms) => sleep(ms, undefined) },
    ids: randomIds,
  };
  for (const job of jobs.active()) runner.resume(job);
  announcements.resume();
  const retention = keepRetention(database, timers, settings.limits.retention_days);
  return {
    ports,
    active: jobs.active,
    schedules: runner.beating,
    stop: async () => {
      retention.stop();
      await runner.stop();
      await announcements.stop();
      database.close();
    },
  };
}
