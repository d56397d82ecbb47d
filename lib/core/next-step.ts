import { cutText } from './cut-text.ts';
import type { Job, Reason } from './job.ts';
import type { Death } from './observation.ts';

/** What to do when the kind itself recommends nothing. A failure never says "retry": a run can cost money. */
const byReason: Record<Reason, string | null> = {
  upstream_failed: 'Read message and observed.value: they are the remote system’s own words on why it failed.',
  timed_out:
    'The deadline passed and the remote job was still going when last seen. Look at it there before anything else.',
  start_rejected:
    'The remote system did not take the start as it was asked: read message. If it answered without an id, look there for a job that began all the same.',
  start_unknown:
    'It is not known whether the remote job began. Look for it in the remote system; if it is there, hand it over with job adopt.',
  unreachable: 'The remote system could not be seen any more; the job itself may well be going on. Look at it there.',
  auth_failed:
    'The connection’s credential was refused. Renew it, check with: untildone doctor, then hand the job over again with job adopt.',
  target_not_found: 'The remote system does not know this id (any more). Check the handle and the connection.',
  target_not_allowed: 'The address is outside the hosts the connection allows. An operator can widen allow_hosts.',
  result_invalid: 'The remote answer could not be used. Read observed.value.',
  internal_error: 'This is a fault of untildone. The remote job may be going on: look at it there, and report message.',
  cancelled_by_caller: null,
  cancelled_upstream: 'Somebody cancelled it in the remote system. Read message for why.',
};

/** One string of at most 280 characters, or null. */
export function nextStepOf(job: Job): string | null {
  const { status, reason, phase, death } = job.state;
  if (status === 'running')
    return phase === 'blocked' ? 'It waits for a person: somebody must act in the remote system.' : null;
  if (death !== null) return renewal(death, job.spec.connection);
  return kindsWord(job) ?? (reason === null ? null : byReason[reason]);
}

const longest = 280;

/** It is one message for all jobs of the connection, and has to say so. How many they are is not known when the first one ends. */
function renewal({ renew }: Death, connection: string): string {
  const what = (how: string): string =>
    `The credential of connection "${connection}" was refused; renew it: ${how}. Its other jobs end the same way; how many is not known yet, and people are told of the first only.`;
  return what(cutText(renew, longest - what('').length));
}

/** What the kind recommends. Its `failed` speaks of what the remote side failed: how we lost a job, or never began it, is another matter. */
function kindsWord({ spec, state: { status, reason } }: Job): string | undefined {
  const { next_step } = spec.kind;
  if (status === 'complete' || status === 'cancelled') return next_step[status];
  if (reason === 'upstream_failed') return next_step.failed;
  if (reason === 'start_rejected' || reason === 'start_unknown' || reason === 'timed_out') return next_step[reason];
  return undefined;
}
