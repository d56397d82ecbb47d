import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AsyncJob } from '../../lib/exports/commander.ts';

/** What is to be released where, and at which pace. */
export type Order = {
  directory: string;
  /** Of the static server, without a slash at its end. */
  server: string;
  /** Good answers in a row that make a release healthy, and bad ones that make it sick. */
  probes: number;
  probe_interval_ms: number;
};

/** A deployment as its file has it: the job, the order, and which process carries it out (null until it has begun). */
export type Record = AsyncJob & { order: Order; worker_pid: number | null; deadline_at: string };

/** Deployments of one machine, a file each. */
export type Records = {
  directory: string;
  create(order: Order, more: Pick<AsyncJob, 'poll_interval_ms'>): Record;
  load(job_id: string): Record | undefined;
  save(record: Record): void;
  wishCancel(job_id: string): void;
  cancelWished(job_id: string): boolean;
};

/** Longest that a deployment may take, and how much later its caller gives up. */
const timeout_ms = 600_000;
const grace_ms = 30_000;

/** Opens the folder that the files are in, and makes it if there is none. */
export function openRecords(directory: string): Records {
  mkdirSync(directory, { recursive: true });
  const fileOf = (job_id: string, ending: string): string => join(directory, `${job_id}.${ending}`);
  const save = (record: Record): void => {
    // Renamed into place: who reads at the same time sees the old or the new one, and nothing between.
    const draft = fileOf(record.job_id, `${randomUUID()}.draft`);
    writeFileSync(draft, JSON.stringify(record, null, 2));
    renameSync(draft, fileOf(record.job_id, 'json'));
  };
  return {
    directory,
    save,
    create(order, more) {
      const now = Date.now();
      const record: Record = {
        job_id: `dep_${randomUUID().replaceAll('-', '')}`,
        status: 'running',
        phase: 'starting',
        started_at: new Date(now).toISOString(),
        deadline_at: new Date(now + timeout_ms).toISOString(),
        timeout_ms: timeout_ms + grace_ms,
        ...more,
        order,
        worker_pid: null,
      };
      save(record);
      return record;
    },
    load(job_id) {
      const file = fileOf(job_id, 'json');
      return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    },
    wishCancel: (job_id) => writeFileSync(fileOf(job_id, 'cancel'), ''),
    cancelWished: (job_id) => existsSync(fileOf(job_id, 'cancel')),
  };
}
