import type { DatabaseSync } from 'node:sqlite';
import { sharedFor_ms } from '../core/shared-news.ts';

/** One event that would tell `target` of `key`. */
export type Teller = { key: string; target: string; event_id: string; now_ms: number };

/** Which event told which target of what many events share. Calls belong into a transaction. */
export type SharedNewsRows = {
  /** Whether this event is the one that tells it: the first, as long as the news lasts, also when it asks again. */
  isFirst(teller: Teller): boolean;
};

export function createSharedNews(sql: DatabaseSync): SharedNewsRows {
  const forget = sql.prepare('DELETE FROM shared_news WHERE at_ms <= ?');
  const insert = sql.prepare(
    'INSERT INTO shared_news (key, target, event_id, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const select = sql.prepare('SELECT event_id FROM shared_news WHERE key = ? AND target = ?');
  return {
    isFirst: ({ key, target, event_id, now_ms }) => {
      forget.run(now_ms - sharedFor_ms);
      insert.run(key, target, event_id, now_ms);
      return select.get(key, target)?.['event_id'] === event_id;
    },
  };
}
