import type { Database } from './database.ts';
import type { Timers } from './timers.ts';

const everyMs = 3_600_000;
/** Jobs forgotten in one commit: a short pause, not a long one. */
const mostAtOnce = 500;

/** Forgets jobs that settled longer than `retention_days` ago, with their events, deliveries and kinds: at once, then hourly. */
export function keepRetention(database: Database, timers: Timers, retention_days: number): { stop(): void } {
  const { sql } = database;
  const old = sql.prepare('SELECT job_id, kind_number FROM jobs WHERE active = 0 AND settled_at_ms < ? LIMIT ?');
  const forget = ['deliveries', 'events', 'jobs'].map((table) => sql.prepare(`DELETE FROM ${table} WHERE job_id = ?`));
  // Positions of the inbox are never given again, also when the last event is forgotten.
  const remember = sql.prepare(
    'UPDATE forgotten SET position = max(position, coalesce((SELECT max(position) FROM events), 0))',
  );
  const forgetKind = sql.prepare(
    'DELETE FROM kinds WHERE kind_number = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind_number = ?1)',
  );
  let cancel = (): void => undefined;
  let stopped = false;

  async function sweep(): Promise<void> {
    for (let found = mostAtOnce; found === mostAtOnce && !stopped; ) {
      const rows = old.all(timers.now() - retention_days * 86_400_000, mostAtOnce);
      found = rows.length;
      if (found > 0)
        await database.write(() => {
          remember.run();
          for (const { job_id } of rows) for (const statement of forget) statement.run(String(job_id));
          for (const kind_number of new Set(rows.map((row) => Number(row['kind_number'])))) forgetKind.run(kind_number);
        }, 'lazy');
    }
  }
  function again(): void {
    if (stopped) return;
    // A sweep that cannot write is made again an hour later.
    sweep()
      .catch(() => undefined)
      .finally(() => {
        if (!stopped) cancel = timers.after(everyMs, again);
      });
  }
  again();
  return {
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}
