import { setTimeout as sleep } from 'node:timers/promises';
import { deployRelease } from './deploy-release.ts';
import { openRecords, type Record } from './record.ts';
import { siteAt } from './release-steps.ts';

// The process of one deployment, DIRECTORY JOB_ID: it has nobody to talk to but its record.
const [directory = '', job_id = ''] = process.argv.slice(2);
const records = openRecords(directory);
const begun = records.load(job_id);
if (begun === undefined) throw new Error(`${directory} has no deployment ${job_id}`);
let record: Record = { ...begun, worker_pid: process.pid };
const save = (changes: Partial<Record>): void => {
  record = { ...record, ...changes };
  records.save(record);
};
save({});

const { order, deadline_at } = record;
const end = await deployRelease(job_id, order, {
  site: siteAt(order.server, job_id),
  stopped: () => {
    if (records.cancelWished(job_id)) return 'cancelled_by_caller';
    return Date.now() > Date.parse(deadline_at) ? 'timed_out' : undefined;
  },
  say: (phase, progress_pct) => save({ phase, progress_pct }),
  sleep,
});
save({ ...end, phase: null, settled_at: new Date().toISOString() });
