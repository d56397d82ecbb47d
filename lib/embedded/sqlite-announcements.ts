import { type JobEvent, maxAttempts, nextAttemptDelayMs } from '../core/announcement.ts';
import type { AnnouncementState } from '../core/descriptor.ts';
import type { SharedNews } from '../core/shared-news.ts';
import type { Announcements } from '../ports.ts';
import type { Database } from './database.ts';
import { createFifo, type Fifo } from './fifo.ts';
import { createSharedNews } from './shared-news.ts';
import type { SqliteEvents } from './sqlite-events.ts';
import type { Timers } from './timers.ts';

/** What one attempt came to; `gone`: the target wants no more of this, ever. */
export type Attempt =
  | { outcome: 'delivered' }
  | { outcome: 'failed'; gone: boolean; error: string; retry_after_seconds: number | null };

/** Announcements with their deliveries: every target has its own line, so that a dead one holds neither a job nor another target. */
export type SqliteAnnouncements = Announcements & {
  /** Takes up what the last process left undelivered. */
  resume(): void;
  stop(): Promise<void>;
};

export type SqliteAnnouncementsOptions = {
  database: Database;
  events: Pick<SqliteEvents, 'has'>;
  timers: Timers;
  /** Tells one target once. Undefined when no such target is configured. */
  tell: (target: string, event: JobEvent) => Promise<Attempt> | undefined;
  /** Hears of every attempt. */
  observe: (target: string, event: JobEvent, attempt: Attempt, attempts: number) => void;
};

type Delivery = {
  job_id: string;
  event_id: string;
  target: string;
  attempts: number;
  /** As the file has it, where that is known and the attempt is made at once: of many that wait, memory holds the names only. */
  event?: JobEvent | undefined;
};
type Line = { waiting: Fifo<Delivery>; underWay: number };

/** Deliveries at once to one target. */
const mostAtOnce = 16;
const restAfterFullDiskMs = 15_000;
const longestRestMs = nextAttemptDelayMs(maxAttempts - 1, null) ?? 0;

export function createSqliteAnnouncements({
  database,
  events,
  timers,
  tell,
  observe,
}: SqliteAnnouncementsOptions): SqliteAnnouncements {
  const { sql } = database;
  const insert = sql.prepare(
    "INSERT INTO deliveries (job_id, event_id, target, state, attempts, next_attempt_at_ms) VALUES (?, ?, ?, 'pending', 0, ?) ON CONFLICT DO NOTHING",
  );
  const update = sql.prepare(
    'UPDATE deliveries SET state = ?, attempts = ?, next_attempt_at_ms = ?, last_error = ? WHERE job_id = ? AND event_id = ? AND target = ? AND attempts < ?',
  );
  const selectEvent = sql.prepare('SELECT event FROM events WHERE job_id = ? AND event_id = ?');
  const selectPending = sql.prepare(
    "SELECT job_id, event_id, target, attempts, next_attempt_at_ms FROM deliveries WHERE state = 'pending' ORDER BY next_attempt_at_ms",
  );
  const selectJob = sql.prepare(
    'SELECT target, event_id, state, attempts, last_error FROM deliveries WHERE job_id = ? ORDER BY event_id, target',
  );
  const news = createSharedNews(sql);
  const lines = new Map<string, Line>();
  const alarms = new Set<() => void>();
  const underWay = new Set<Promise<void>>();
  let stopped = false;

  function lineOf(target: string): Line {
    const line = lines.get(target) ?? { waiting: createFifo<Delivery>(), underWay: 0 };
    lines.set(target, line);
    return line;
  }
  function after(ms: number, run: () => void): void {
    if (stopped) return;
    const cancel = timers.after(ms, () => {
      alarms.delete(cancel);
      run();
    });
    alarms.add(cancel);
  }
  function enqueue(delivery: Delivery, in_ms: number): void {
    if (stopped) return;
    if (in_ms > 0) {
      after(in_ms, () => enqueue(delivery, 0));
      return;
    }
    const line = lineOf(delivery.target);
    line.waiting.push(line.underWay < mostAtOnce ? delivery : { ...delivery, event: undefined });
    pump(line);
  }
  function pump(line: Line): void {
    while (line.underWay < mostAtOnce && !stopped) {
      const delivery = line.waiting.shift();
      if (delivery === undefined) return;
      line.underWay += 1;
      // The next need not wait until this one is noted.
      const answered = (): void => {
        line.underWay -= 1;
        pump(line);
      };
      const one = attempt(delivery, answered).finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }
  async function attempt(delivery: Delivery, answered: () => void): Promise<void> {
    const event = delivery.event ?? read(delivery);
    // Gone with its job at the end of the retention time.
    if (event === undefined) return answered();
    const attempts = delivery.attempts + 1;
    const told = await tellOnce(delivery.target, event);
    answered();
    observe(delivery.target, event, told, attempts);
    await record({ ...delivery, event: undefined }, told, attempts);
  }
  /** As the file has it: an event that is published again after a crash is told in the words of the first time. */
  function read({ job_id, event_id }: Delivery): JobEvent | undefined {
    const row = selectEvent.get(job_id, event_id);
    return row === undefined ? undefined : (JSON.parse(String(row['event'])) as JobEvent); // written by sqlite-events, from the same type
  }
  async function tellOnce(target: string, event: JobEvent): Promise<Attempt> {
    try {
      return (await tell(target, event)) ?? unconfigured;
    } catch (error) {
      return crashed(error);
    }
  }
  async function record(delivery: Delivery, told: Attempt, attempts: number): Promise<void> {
    if (told.outcome === 'delivered') return note({ ...delivery, attempts }, 'delivered', 0, null);
    const delay_ms = told.gone ? null : nextAttemptDelayMs(attempts, told.retry_after_seconds);
    // Memory first: a file that cannot be written must not stop the retries.
    if (delay_ms !== null) enqueue({ ...delivery, attempts }, delay_ms);
    const state = delay_ms === null ? 'failed' : 'pending';
    await note({ ...delivery, attempts }, state, timers.now() + (delay_ms ?? 0), told.error);
  }
  /** What a full disk refuses is noted later, unless a further attempt has been noted by then. */
  async function note(
    delivery: Delivery,
    state: AnnouncementState['state'],
    next_ms: number,
    error: string | null,
  ): Promise<void> {
    const { job_id, event_id, target, attempts } = delivery;
    try {
      await database.write(
        () => void update.run(state, attempts, next_ms, error, job_id, event_id, target, attempts),
        'lazy',
      );
    } catch {
      after(restAfterFullDiskMs, () => void note(delivery, state, next_ms, error));
    }
  }
  const isToHear = (target: string, { event_id }: JobEvent, shared: SharedNews | undefined): boolean =>
    shared === undefined ||
    !shared.people.includes(target) ||
    news.isFirst({ key: shared.key, target, event_id, now_ms: timers.now() });
  return {
    publish: async (event, targets, shared) => {
      const fresh: string[] = [];
      const { event_id } = event;
      const { job_id } = event.data;
      if (targets.length === 0) return;
      // Not durable by itself: commits reach the disk in order, so that an event that is struck off is not without its deliveries.
      await database.write(() => {
        fresh.length = 0;
        for (const target of targets.filter((one) => isToHear(one, event, shared)))
          if (insert.run(job_id, event_id, target, timers.now()).changes > 0) fresh.push(target);
      }, 'lazy');
      const known = events.has(event) ? event : undefined;
      for (const target of fresh) enqueue({ job_id, event_id, target, attempts: 0, event: known }, 0);
    },
    list: ({ job_id }) =>
      // Columns and their states are written above only.
      Promise.resolve(selectJob.all(job_id).map((row) => ({ ...row }) as AnnouncementState)),
    resume: () => {
      for (const row of selectPending.all()) {
        const delivery = {
          job_id: String(row['job_id']),
          event_id: String(row['event_id']),
          target: String(row['target']),
          attempts: Number(row['attempts']),
        };
        // The clock may have been set back meanwhile: no rest is longer than the longest.
        const rest_ms = Number(row['next_attempt_at_ms']) - timers.now();
        enqueue(delivery, Math.min(Math.max(0, rest_ms), longestRestMs));
      }
    },
    stop: async () => {
      stopped = true;
      for (const cancel of alarms) cancel();
      await Promise.allSettled([...underWay]);
    },
  };
}

const unconfigured: Attempt = {
  outcome: 'failed',
  gone: true,
  error: 'no such target is configured any more',
  retry_after_seconds: null,
};
const crashed = (error: unknown): Attempt => ({
  outcome: 'failed',
  gone: false,
  error: error instanceof Error ? error.message.slice(0, 200) : 'unknown error',
  retry_after_seconds: null,
});
