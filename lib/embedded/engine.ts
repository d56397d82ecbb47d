import { setTimeout as sleep } from 'node:timers/promises';
import type { JobEvent } from '../core/announcement.ts';
import { ConfigError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { runTick, type TickReport } from '../flow/run-tick.ts';
import type { JobStore, Ports, Settings, Tick } from '../ports.ts';
import { createOrderedIds } from '../random-ids.ts';
import type { Database } from './database.ts';
import { keepRetention } from './retention.ts';
import { type Attempt, createSqliteAnnouncements } from './sqlite-announcements.ts';
import { createSqliteEvents } from './sqlite-events.ts';
import { createSqliteJobStore, type SqliteJobStore } from './sqlite-job-store.ts';
import { takeUp } from './take-up.ts';
import { createTickRunner } from './tick-runner.ts';
import { systemTimers, type Timers } from './timers.ts';

/** What the engine tells whoever watches it: each tick, each event once, each delivery. */
export type Observer = {
  tick(tick: Tick, result: TickReport | Error): void;
  event(event: JobEvent): void;
  delivery(target: string, event: JobEvent, attempt: Attempt, attempts: number): void;
};

export type EngineOptions = {
  /** Open; the engine closes it when it stops. */
  database: Database;
  settings: Settings;
  transports: Ports['transports'];
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
  /** Resolves when every job in the file is taken up; those that are due are by the time the engine is there. Rejects with ConfigError when a record cannot be read. */
  ready: Promise<void>;
  /** Heartbeats armed; none without an active job. */
  schedules(): number;
  /** Lets ticks and deliveries under way end, then closes the file. */
  stop(): Promise<void>;
};

/** A job that is due this soon is taken up with those that are due, ms: about as long as some ten thousand others take. */
const soonMs = 250;

/** Takes up every job in the file where it was left, those that are due first, and runs until stopped. Throws ConfigError when the file cannot be read. */
export function startEngine(options: EngineOptions): Engine {
  const { database, settings, observer, timers = systemTimers } = options;
  try {
    return start({ ...options, timers });
  } catch (error) {
    database.close();
    throw unreadable(error);
  }
  function unreadable(error: unknown): ConfigError {
    return error instanceof ConfigError ? error : database.unreadable(error);
  }

  function start({ tell, transports }: EngineOptions): Engine {
    const jobs = createSqliteJobStore(database, timers);
    const events = createSqliteEvents(database, observer.event);
    const announcements = createSqliteAnnouncements({ database, events, timers, tell, observe: observer.delivery });
    const runner = createTickRunner({
      timers,
      peek: jobs.peek,
      run: (tick) => runToItsEnd(ports, settings, jobs, tick),
      observe: observer.tick,
    });
    const ports: Ports = {
      jobs,
      schedules: runner.schedules,
      ticks: runner.ticks,
      events,
      announcements,
      transports,
      clock: { now: timers.now, sleep: (ms) => sleep(ms, undefined) },
      ids: createOrderedIds(timers.now),
    };
    const takingUp = takeUp(jobs.takeUp(timers.now() + soonMs), runner.resume);
    const ready = takingUp.ended.catch((error) => {
      throw unreadable(error);
    });
    // Whoever does not wait for it need not hear of it.
    ready.catch(() => undefined);
    announcements.resume();
    const retention = keepRetention(database, timers, settings.limits.retention_days);
    return {
      ports,
      active: jobs.active,
      ready,
      schedules: runner.beating,
      stop: async () => {
        takingUp.stop();
        retention.stop();
        await runner.stop();
        await announcements.stop();
        await jobs.stop();
        database.close();
      },
    };
  }
}

/**
 * Runs a tick and, however it went, says that its check has ended: nothing else in this process will wait for the lease,
 * and what was written or not, the check did not kill us.
 */
async function runToItsEnd(ports: Ports, settings: Settings, jobs: SqliteJobStore, tick: Tick): Promise<TickReport> {
  let claimed: Job | undefined;
  const claim: JobStore['claim'] = async (wanted) => {
    const written = await jobs.claim(wanted);
    if (written.written) claimed = written.job;
    return written;
  };
  try {
    return await runTick({ ...ports, jobs: { ...jobs, claim } }, settings, tick);
  } finally {
    if (claimed !== undefined) jobs.ended(claimed, claimed.state.checks);
  }
}
