import { fdatasyncSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { type CheckpointThreadData, carryOverOn } from './checkpoints.ts';

/*
 * A thread that carries the log over into the file it was given, whenever it is told to: SQLite copies while the engine's own
 * connection goes on committing. The connection is closed after each pass, so that the engine's is the last one, which clears up.
 */

parentPort?.on('message', () => parentPort?.postMessage(carryOver(workerData)));

function carryOver({ location, descriptor }: CheckpointThreadData): boolean {
  let sql: DatabaseSync | undefined;
  try {
    sql = new DatabaseSync(new URL(location));
    sql.exec('PRAGMA synchronous = NORMAL');
    const whole = carryOverOn(sql);
    // SQLite fsyncs the file with the last page of the log alone: with that of the second pass, for which commits wait.
    fdatasyncSync(descriptor);
    return whole;
  } catch {
    return false;
  } finally {
    sql?.close();
  }
}
