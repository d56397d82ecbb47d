import { carrierOf } from '../core/cadence.ts';
import { type Job, refOf } from '../core/job.ts';
import type { Ports } from '../ports.ts';

/**
 * The chain's next tick; none where the heartbeat carries the checks. Its number is the proof that the check before has
 * ended, so that only who made that check may send it.
 */
export async function sendNext(ports: Pick<Ports, 'ticks' | 'clock'>, job: Job, due_at_ms: number): Promise<void> {
  const delay_seconds = (due_at_ms - ports.clock.now()) / 1000;
  if (carrierOf(job.spec, delay_seconds) === 'heartbeat') return;
  await ports.ticks.send({ ...refOf(job), carrier: 'chain', expected_checks: job.state.checks, due_at_ms });
}
