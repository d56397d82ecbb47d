import type { JobEvent } from '../core/announcement.ts';
import { RequestError } from '../core/errors.ts';
import type { Events } from '../ports.ts';
import type { Database } from './database.ts';

/**
 * The inbox: one table in append order, whose positions are the cursors. An event is served once its commit is on disk.
 * `observe` hears of each event once, when it is.
 */
export function createSqliteEvents(database: Database, observe: (event: JobEvent) => void = () => undefined): Events {
  const insert = database.sql.prepare(
    'INSERT INTO events (event_id, job_id, owner, at_ms, event) VALUES (?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING',
  );
  const select = database.sql.prepare(
    'SELECT position, event FROM events WHERE owner = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?',
  );
  /** The last position that is on disk: no later one is handed out. */
  let kept = Number(database.sql.prepare('SELECT max(position) AS last FROM events').get()?.['last'] ?? 0);
  return {
    append: async (owner, event) => {
      const { event_id, timestamp, data } = event;
      const row = [event_id, data.job_id, owner, Date.parse(timestamp), JSON.stringify(event)] as const;
      let position = 0;
      // Durable: a position handed out as a cursor must never be given to another event.
      await database.write(() => {
        const { changes, lastInsertRowid } = insert.run(...row);
        position = changes > 0 ? Number(lastInsertRowid) : 0;
      }, 'durable');
      if (position !== 0) {
        kept = Math.max(kept, position);
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
