import type { JobEvent } from '../core/announcement.ts';
import { RequestError } from '../core/errors.ts';
import type { Events } from '../ports.ts';
import type { Database } from './database.ts';

export type SqliteEvents = Events & {
  /** Whether the inbox has these very words: an event that is appended again after a crash stands there in those of the first time. */
  has(event: JobEvent): boolean;
};

/**
 * The inbox: one table in append order, whose positions are the cursors. An event is served once its commit is on disk.
 * `observe` hears of each event once, when it is.
 */
export function createSqliteEvents(
  database: Database,
  observe: (event: JobEvent) => void = () => undefined,
): SqliteEvents {
  const insert = database.sql.prepare(
    'INSERT INTO events (position, job_id, event_id, owner, event) VALUES (?, ?, ?, ?, ?) ON CONFLICT (job_id, event_id) DO NOTHING',
  );
  const select = database.sql.prepare(
    'SELECT position, event FROM events WHERE owner = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?',
  );
  /** The last position that was ever given, be its event forgotten by now: no two events may have the same. */
  let last = Number(
    database.sql
      .prepare(
        'SELECT max(forgotten.position, coalesce(max(events.position), 0)) AS last FROM forgotten LEFT JOIN events',
      )
      .get()?.['last'],
  );
  /** The last position that is on disk: no later one is handed out. */
  let kept = last;
  const appended = new WeakSet<JobEvent>();
  return {
    has: (event) => appended.has(event),
    append: async (owner, event) => {
      const row = [event.data.job_id, event.event_id, owner, JSON.stringify(event)] as const;
      let position = 0;
      // Durable: a position handed out as a cursor must never be given to another event.
      await database.write(() => {
        position = insert.run(last + 1, ...row).changes > 0 ? last + 1 : 0;
        last = Math.max(last, position);
      }, 'durable');
      if (position !== 0) {
        kept = Math.max(kept, position);
        appended.add(event);
        observe(event);
      }
      // There is no other process; and what was handed over is known by event and target.
      return true;
    },
    list: async ({ owner, cursor, limit }) => {
      const after = positionOf(cursor);
      const rows = select.all(owner, after, kept, limit + 1);
      const page = rows.slice(0, limit);
      const last = page.at(-1)?.['position'] ?? after;
      // Written by append above, from the same type.
      return {
        events: page.map((row) => JSON.parse(String(row['event'])) as JobEvent),
        next_cursor: String(last),
        has_more: rows.length > limit,
      };
    },
  };
}

function positionOf(cursor: string | null): number {
  if (cursor === null) return 0;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  const message = 'is not one of ours; use next_cursor of the page before, or leave it out to begin at the oldest';
  throw new RequestError('INVALID_REQUEST', `the cursor ${message}`, { problems: [{ path: 'cursor', message }] });
}
