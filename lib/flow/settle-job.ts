import { eventOf, targetsFor } from '../core/announcement.ts';
import { settledAs } from '../core/decide.ts';
import type { EventType, Job, OwedEvent, Reason, Status } from '../core/job.ts';
import { eventIdOf, isTerminal, refOf, withWarning } from '../core/job.ts';
import type { Death } from '../core/observation.ts';
import { sharedNewsOf } from '../core/shared-news.ts';
import type { Ports, Settings, Written } from '../ports.ts';

type FinishPorts = Pick<Ports, 'jobs' | 'events' | 'announcements' | 'schedules' | 'clock'>;

/** Numbers the events a change owes. */
export const owe = (job: Job, types: readonly EventType[], at_ms: number): OwedEvent[] =>
  types.map((type, position) => ({ type, at_ms, event_id: eventIdOf(job, job.state.events + position, type) }));

/** Settles without a check behind it: the verdict is ours. The first writer wins; false means that somebody else settled. */
export async function settleJob(
  ports: FinishPorts,
  settings: Settings,
  job: Job,
  verdict: {
    status: Exclude<Status, 'running'>;
    reason: Reason;
    message: string | null;
    warning?: string;
    death?: Death;
    expected_checks: number | null;
  },
): Promise<Written> {
  const now_ms = ports.clock.now();
  const warnings =
    verdict.warning === undefined ? job.state.warnings : withWarning(job.state.warnings, verdict.warning);
  const written = await ports.jobs.save({
    ref: refOf(job),
    expected_checks: verdict.expected_checks,
    state: {
      ...settledAs(verdict.status, verdict.reason, now_ms),
      warnings,
      ...(verdict.death === undefined ? {} : { death: verdict.death }),
      events: job.state.events + 1,
      next_check_at_ms: now_ms,
    },
    owe: owe(job, ['settled'], now_ms),
    // Without words of our own, what the last check saw stays: it may be newer than this record.
    ...(verdict.message === null ? {} : { seen: { ...job.seen, message: verdict.message } }),
  });
  return written.written ? { written: true, job: await finishJob(ports, settings, written.job) } : written;
}

/**
 * Pays what is owed, then, when the job is terminal and nothing is owed any more, deletes the schedule. The schedule goes
 * last: until then its heartbeat is the retry of everything before.
 */
export async function finishJob(ports: FinishPorts, settings: Settings, job: Job): Promise<Job> {
  const paid = await payOwed(ports, settings, job);
  if (isTerminal(paid) && owesNothing(paid)) await ports.schedules.delete(refOf(paid));
  return paid;
}

/** Most jobs, most of the time: there is nothing to wait for. */
export const owesNothing = ({ state }: Job): boolean => state.owed.length === 0;

/** Longer than a publish takes: who appended an event and has not published it by then failed or died. */
const underWayMs = 5_000;

/**
 * Appends each owed event to the inbox, announces it, strikes it off: in this order, so that a crash repeats and never loses.
 * An event that somebody else has just appended is theirs to tell; should they die, it is owed, and a later tick pays it.
 */
export async function payOwed(ports: FinishPorts, settings: Settings, job: Job): Promise<Job> {
  let current = job;
  for (const owed of job.state.owed) {
    const event = eventOf(current, owed, settings.address);
    const again = !(await ports.events.append(job.owner, event));
    if (again && ports.clock.now() - owed.at_ms < underWayMs) return current;
    const targets = targetsFor(job, owed.type, settings.targets);
    const shared = sharedNewsOf(job, owed.type, settings.targets);
    await ports.announcements.publish(event, targets, shared, again);
    const written = await ports.jobs.paid(refOf(job), owed.event_id);
    if (written.written) current = written.job;
  }
  return current;
}
