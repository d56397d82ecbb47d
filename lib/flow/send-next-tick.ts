import { carrierOf } from '../core/cadence.ts';
import type { Job } from '../core/job.ts';
import type { Ports } from '../ports.ts';

/**
 * The chain's next tick; none where the heartbeat carries the checks. Its number is the proof that the check before has
 * ended, so that only who made that check may send it.
 */
export function sendNext(ports: Pick<Ports, 'ticks' | 'clock'>, job: Job, due_at_ms: number): Promise<void> {
  const delay_seconds = (due_at_ms - ports.clock.now()) / 1000;
  if (carrierOf(job.spec, delay_seconds) === 'heartbeat') return Promise.resolve();
  const { job_id, generation_ms, state } = job;
  return ports.ticks.send({ job_id, generation_ms, carrier: 'chain', expected_checks: state.checks, due_at_ms });
}
