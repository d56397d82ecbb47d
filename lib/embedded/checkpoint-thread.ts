import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/*
 * A thread that carries the log over into the file whose location it was given, whenever it is told to: SQLite copies and fsyncs
 * while the engine's own connection goes on committing. The connection is closed after each pass, so that the engine's is the
 * last one, which clears up.
 */

parentPort?.on('message', () => parentPort?.postMessage(carryOver(workerData)));

function carryOver(location: string): boolean {
  let sql: DatabaseSync | undefined;
  try {
    sql = new DatabaseSync(new URL(location));
    sql.exec('PRAGMA synchronous = NORMAL');
    const { log, checkpointed } = sql.prepare('PRAGMA wal_checkpoint(PASSIVE)').get() ?? { log: 0 };
    return log === checkpointed;
  } catch {
    // A full disk, say: the log grows meanwhile, and a later pass carries over more.
    return false;
  } finally {
    sql?.close();
  }
}
