import { eachOf } from '../core/each.ts';
import { handleOf } from '../core/handle.ts';
import type { Handle, Job, StatePatch } from '../core/job.ts';
import { withWarning } from '../core/job.ts';
import type { Call } from '../core/kind.ts';
import type { Observation } from '../core/observation.ts';
import type { Ports } from '../ports.ts';
import { callRemote } from './call-remote.ts';

type CancelPorts = Pick<Ports, 'transports' | 'clock'>;

/** `declined`: the remote side said no, and asking again would not help. Null: it could not be asked; the next check asks again. */
type Outcome = 'accepted' | 'declined' | null;
const outcomeOf = (observation: Observation): Outcome => {
  if (!observation.answered) return observation.type === 'not_allowed' ? 'declined' : null;
  const { http_status, error } = observation;
  if (error !== undefined) return error.type === 'server_error' ? null : 'declined';
  if (http_status < 400) return 'accepted';
  return http_status >= 500 || observation.rate_limited || [408, 425, 429].includes(http_status) ? null : 'declined';
};

const saidOf = (observation: Observation): string =>
  observation.answered ? (observation.error?.message ?? `HTTP ${observation.http_status}`) : observation.message;

/** Of a check's time: the look after it needs the rest. What was not asked for by then, the next check asks. */
const allMayTakeMs = 12_000;
const oneNeedsMs = 1_000;

/** Cancels the remote job, or each of its ids that is not over, one after the other: accepted as soon as one of them was. */
async function callCancel(
  ports: CancelPorts,
  job: Job,
  { cancel, handle }: { cancel: Call; handle: Handle },
  budget_ms: number,
): Promise<{ outcome: Outcome; said: string }> {
  const { each } = job.spec.kind;
  const ask = async (whose: Handle, rest_ms: number): Promise<{ outcome: Outcome; said: string }> => {
    const observation = await callRemote(ports, job.spec, cancel, whose, rest_ms);
    return { outcome: outcomeOf(observation), said: saidOf(observation) };
  };
  if (each === undefined) return ask(handle, budget_ms);
  const until_ms = ports.clock.now() + Math.min(budget_ms, allMayTakeMs);
  const declined: string[] = [];
  let accepted = false;
  for (const { id, status } of eachOf(each, handle, job.seen)) {
    if (status !== 'running') continue;
    const rest_ms = until_ms - ports.clock.now();
    if (rest_ms < oneNeedsMs) return { outcome: null, said: 'there was no time to ask for every id' };
    const { outcome, said } = await ask(handleOf(handle, each, id), rest_ms);
    if (outcome === null) return { outcome, said: `${id}: ${said}` };
    if (outcome === 'declined') declined.push(`${id}: ${said}`);
    else accepted = true;
  }
  return { outcome: accepted || declined.length === 0 ? 'accepted' : 'declined', said: declined.join(', ') };
}

/** Whether the caller wishes to cancel and the remote side has not yet said yes or no. */
export const isWishOpen = ({ state }: Job): boolean =>
  state.cancel_requested_at_ms !== null && state.cancel_outcome === null;

/** Calls the remote cancel for a wish that is not yet accepted. Only a tick does this, so that it is never called twice at once. */
export async function passOnWish(ports: CancelPorts, job: Job, handle: Handle, budget_ms: number): Promise<StatePatch> {
  const { cancel } = job.spec.kind;
  if (!isWishOpen(job) || cancel === null) return {};
  const { outcome: cancel_outcome, said } = await callCancel(ports, job, { cancel, handle }, budget_ms);
  const warn = (warning: string): StatePatch => ({
    cancel_outcome,
    warnings: withWarning(job.state.warnings, warning),
  });
  if (cancel_outcome === 'declined')
    return warn(`the remote system declined the cancel (${said}); the job is still watched`);
  if (cancel_outcome === 'accepted' && said !== '' && job.spec.kind.each !== undefined)
    return warn(`the remote system declined part of the cancel (${said}); the job is still watched`);
  return { cancel_outcome };
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
  const { outcome, said } = await callCancel(ports, job, { cancel, handle }, budget_ms);
  if (outcome === 'accepted')
    return { ...warn('timed out; the remote system accepted the cancel'), cancel_outcome: 'accepted' };
  return warn(`timed out; the cancel was not accepted (${said}), so that the job may still be going on`);
}
