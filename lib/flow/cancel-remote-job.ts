import type { Handle, Job, StatePatch } from '../core/job.ts';
import { withWarning } from '../core/job.ts';
import type { Observation } from '../core/observation.ts';
import type { Ports } from '../ports.ts';
import { callRemote } from './look-at-job.ts';

type CancelPorts = Pick<Ports, 'transports' | 'clock'>;

/** `declined`: the remote side said no, and asking again would not help. Null: it could not be asked; the next check asks again. */
const outcomeOf = (observation: Observation): 'accepted' | 'declined' | null => {
  if (!observation.answered) return observation.type === 'not_allowed' ? 'declined' : null;
  const { http_status, error } = observation;
  if (error !== undefined) return error.type === 'server_error' ? null : 'declined';
  if (http_status < 400) return 'accepted';
  return http_status >= 500 || observation.rate_limited || [408, 425, 429].includes(http_status) ? null : 'declined';
};

const saidOf = (observation: Observation): string =>
  observation.answered ? (observation.error?.message ?? `HTTP ${observation.http_status}`) : observation.message;

/** Whether the caller wishes to cancel and the remote side has not yet said yes or no. */
export const isWishOpen = ({ state }: Job): boolean =>
  state.cancel_requested_at_ms !== null && state.cancel_outcome === null;

/** Calls the remote cancel for a wish that is not yet accepted. Only a tick does this, so that it is never called twice at once. */
export async function passOnWish(ports: CancelPorts, job: Job, handle: Handle, budget_ms: number): Promise<StatePatch> {
  const { cancel } = job.spec.kind;
  if (!isWishOpen(job) || cancel === null) return {};
  const observation = await callRemote(ports, job.spec, cancel, handle, budget_ms);
  const cancel_outcome = outcomeOf(observation);
  if (cancel_outcome !== 'declined') return { cancel_outcome };
  return {
    cancel_outcome,
    warnings: withWarning(
      job.state.warnings,
      `the remote system declined the cancel (${saidOf(observation)}); the job is still watched`,
    ),
  };
}

/** `cancel_on_timeout`: one best-effort cancel after the last check, also of a job that cannot be seen; its outcome goes into the warnings. */
export async function cancelAtDeadline(
  ports: CancelPorts,
  job: Job,
  handle: Handle,
  budget_ms: number,
): Promise<StatePatch> {
  if (!job.spec.cancel_on_timeout || job.state.cancel_outcome === 'accepted') return {};
  const { cancel } = job.spec.kind;
  const warn = (warning: string): StatePatch => ({ warnings: withWarning(job.state.warnings, warning) });
  if (cancel === null) return warn('timed out; this kind of job cannot be cancelled, so that it may still be going on');
  const observation = await callRemote(ports, job.spec, cancel, handle, budget_ms);
  if (outcomeOf(observation) === 'accepted')
    return { ...warn('timed out; the remote system accepted the cancel'), cancel_outcome: 'accepted' };
  return warn(`timed out; the cancel was not accepted (${saidOf(observation)}), so that the job may still be going on`);
}
