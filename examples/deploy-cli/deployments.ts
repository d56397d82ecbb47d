import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AsyncJob, OwnFunctions } from '../../lib/exports/commander.ts';
import type { Order, Record, Records } from './record.ts';

const worker = fileURLToPath(new URL('worker.ts', import.meta.url));
/** A worker that has not said its process id by then will not. */
const starting_ms = 15_000;

/** Begins a deployment in a process of its own, which outlives this one; what it says goes to a file beside its record. */
export function begin(records: Records, order: Order, poll_interval_ms: number): AsyncJob {
  const record = records.create(order, { poll_interval_ms });
  const log = openSync(join(records.directory, `${record.job_id}.log`), 'a');
  const child = spawn(process.execPath, [worker, records.directory, record.job_id], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  closeSync(log);
  return jobOf(record);
}

/** How deployments are looked at and cancelled, from any process on this machine. */
export const deployments = (records: Records): OwnFunctions => ({
  status: (job_id) => look(records, job_id),
  cancel: (job_id) => {
    records.wishCancel(job_id);
    const job = look(records, job_id);
    return job?.status === 'running' ? { ...job, phase: 'cancelling' } : job;
  },
});

function look(records: Records, job_id: string): AsyncJob | undefined {
  const record = records.load(job_id);
  if (record === undefined || record.status !== 'running' || !isDead(record)) return record && jobOf(record);
  // It may have written its last word between our two looks.
  const latest = records.load(job_id) ?? record;
  if (latest.status !== 'running') return jobOf(latest);
  const settled: Record = {
    ...latest,
    status: 'failed',
    reason: 'internal_error',
    phase: null,
    message: `its process ended without a word; look at ${records.directory}/${job_id}.log`,
    next_step: `See which release ${latest.order.server} serves before you deploy again.`,
    settled_at: new Date().toISOString(),
  };
  records.save(settled);
  return jobOf(settled);
}

function isDead({ worker_pid, started_at }: Record): boolean {
  if (worker_pid === null) return Date.now() > Date.parse(started_at) + starting_ms;
  try {
    process.kill(worker_pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** What others see: how it is done on this machine is nobody's business. */
const jobOf = ({ order: _, worker_pid: __, ...job }: Record): AsyncJob => job;
