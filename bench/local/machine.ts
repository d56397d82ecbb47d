import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { DatabaseSync } from 'node:sqlite';

/** Where and with what the figures were made. */
export function machine() {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const sql = new DatabaseSync(':memory:');
  const sqlite = String(sql.prepare('SELECT sqlite_version() AS version').get()?.['version']);
  sql.close();
  return {
    at: new Date().toISOString(),
    untildone: version,
    node: process.versions.node,
    v8: process.versions.v8,
    sqlite,
    system: `${process.platform} ${release()}, ${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 2 ** 30),
  };
}
