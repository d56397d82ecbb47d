import { isTerminal, type Job, refOf } from '../../lib/core/job.ts';
import type { Ports } from '../../lib/ports.ts';
import type { Log } from '../shared/log.ts';
import type { Measure } from '../shared/measure.ts';

export type SweepPorts = Pick<Ports, 'ticks' | 'clock'> & {
  jobs: Pick<Ports['jobs'], 'load'>;
  schedules: Pick<Ports['schedules'], 'create'>;
  /** Ids of the jobs that run or owe something, a page at a time. */
  activeJobs: { pages(): AsyncIterable<readonly string[]> };
};

const overdue_ms = 600_000;
/** A minute is a heartbeat, which pays too: what is owed for longer waits for one that does not come. */
const owing_ms = 120_000;
const day_ms = 86_400_000;

/** Wakes active jobs that nothing else wakes any more, and gives them a heartbeat again. */
export function createSweepHandler(ports: SweepPorts, { log, measure }: { log: Log; measure: Measure }) {
  return async (): Promise<{ active: number; orphans: number }> => {
    const begun_ms = ports.clock.now();
    let active = 0;
    let orphans = 0;
    let oldest_ms = begun_ms;
    for await (const job_ids of ports.activeJobs.pages())
      for (const job of await Promise.all(job_ids.map((job_id) => ports.jobs.load(job_id)))) {
        // An index trails its table: this one has ended meanwhile.
        if (job === undefined || (isTerminal(job) && job.state.owed.length === 0)) continue;
        active += 1;
        oldest_ms = Math.min(oldest_ms, job.started_at_ms);
        if (!isLost(job, begun_ms)) continue;
        orphans += 1;
        await wake(job);
      }
    measure({ ActiveJobs: active, Orphans: orphans, OldestActiveJobSeconds: (begun_ms - oldest_ms) / 1000 });
    return { active, orphans };
  };

  /** The schedule first: a tick alone would leave the job as lost as before. It ends as ours all do, a day late. */
  async function wake(job: Job): Promise<void> {
    const now_ms = ports.clock.now();
    const end_at_ms = Math.max(job.deadline_at_ms, now_ms) + day_ms;
    const { heartbeat_seconds: interval_seconds } = job.spec;
    const { job_id } = job;
    try {
      await ports.schedules.create({ ref: refOf(job), interval_seconds, first_at_ms: now_ms + 60_000, end_at_ms });
      await ports.ticks.send({ ...refOf(job), carrier: 'heartbeat', expected_checks: null, due_at_ms: now_ms });
      log.info('nothing woke the job any more', { job_id, next_check_at_ms: job.state.next_check_at_ms });
    } catch (error) {
      // The others are lost too; the next sweep comes back to this one.
      log.error('the job could not be woken', { job_id, error });
    }
  }
}

function isLost({ state, ...job }: Job, now_ms: number): boolean {
  if (state.owed.some(({ at_ms }) => now_ms - at_ms > owing_ms)) return true;
  const due_ms = Math.max(state.next_check_at_ms, state.not_before_ms, state.lease_until_ms);
  return !isTerminal({ ...job, state }) && now_ms - due_ms > overdue_ms;
}
