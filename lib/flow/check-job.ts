import { type Decision, decide } from '../core/decide.ts';
import type { Handle, Job, StatePatch } from '../core/job.ts';
import { withoutWarning, withWarning } from '../core/job.ts';
import type { Look } from '../core/look.ts';
import type { Ports, Settings } from '../ports.ts';
import { cancelAtDeadline, isWishOpen, passOnWish } from './cancel-remote-job.ts';
import { lookAtJob } from './look-at-job.ts';

type CheckPorts = Pick<Ports, 'transports' | 'clock'>;

/** What a check came to; `blocked`: nobody could look. */
export type Checked = Decision & { verdict: Look['verdict']['type'] | 'blocked' };

/** The remote calls of one check: pass on a wish to cancel, look, and at the deadline cancel if that was asked for. */
export async function checkJob(ports: CheckPorts, settings: Settings, job: Job, budget_ms: number): Promise<Checked> {
  const begun_ms = ports.clock.now();
  const left = (): number => budget_ms - (ports.clock.now() - begun_ms);
  const handle: Handle = job.handle ?? {};
  if (!settings.connections.has(job.spec.connection)) return missingConnection(job, settings, begun_ms);
  const warned = withoutWarning(job.state.warnings, notConfigured(job));
  // Thousands of checks a second: a record is copied only when something in it changes.
  const found = warned === job.state.warnings ? job : withState(job, { warnings: warned });
  const wish = isWishOpen(found) ? await passOnWish(ports, found, handle, left()) : undefined;
  const asked = wish === undefined ? found : withState(found, wish);
  const look = await lookAtJob(ports, asked, handle, left());
  const decision = decide(asked, look, settings.limits.max_checks_per_job, ports.clock.now());
  const { warnings = asked.state.warnings, reason } = decision.state;
  const state = asked === job ? decision.state : { ...wish, ...decision.state, warnings };
  const checked = { ...decision, state, verdict: look.verdict.type };
  if (reason !== 'timed_out' && reason !== 'unreachable') return checked;
  const decided = { ...withState(asked, decision.state), seen: decision.seen ?? asked.seen };
  const late = await cancelAtDeadline(ports, decided, handle, left());
  return { ...checked, state: { ...state, ...late } };
}

const withState = (job: Job, patch: StatePatch): Job => ({ ...job, state: { ...job.state, ...patch } });
const notConfigured = (job: Job): string => `the connection "${job.spec.connection}" is not configured any more`;

/** Nobody can look without the connection: an operator must bring it back, and hears of it once. What was seen before stays. */
function missingConnection(job: Job, settings: Settings, now_ms: number): Checked {
  const message = notConfigured(job);
  const { matched, consecutive_errors, last_error, warnings } = job.state;
  const blind: Look = {
    verdict: { type: 'going', phase: 'blocked', matched: true, resolved: true },
    body: undefined,
    progress_pct: null,
  };
  // Being cancelled hides no other phase here: the wish cannot be passed on either.
  const unwished: Job = { ...job, state: { ...job.state, cancel_requested_at_ms: null } };
  const decision = decide(unwished, blind, settings.limits.max_checks_per_job, now_ms);
  const ended = decision.due_at_ms === null;
  return {
    ...decision,
    state: {
      ...decision.state,
      ...(decision.state.reason === 'timed_out' ? { reason: 'unreachable' as const } : {}),
      matched,
      consecutive_errors,
      last_error,
      warnings: withWarning(warnings, message),
    },
    seen: ended ? { ...job.seen, message } : decision.seen,
    tell: decision.tell.filter((type) => type !== 'reachable'),
    verdict: 'blocked',
  };
}
