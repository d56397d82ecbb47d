import { maxUnsavedClaims } from './cadence.ts';
import type { Decision } from './decide.ts';
import type { Job } from './job.ts';

/** A due time that moved by less costs no save: a restart looks that much too early, and a tick this early is on time. */
const noticedMs = 1_000;

const isSame = (one: unknown, other: unknown): boolean =>
  one === other || (typeof one === 'object' && one !== null && JSON.stringify(one) === JSON.stringify(other));

/** Whether a non-terminal decision changes anything a restart or a reader would miss. */
export function worthSaving(job: Job, decision: Decision, progress_save_ms: number, now_ms: number): boolean {
  const { state } = job;
  if (decision.due_at_ms === null || decision.seen !== null || decision.tell.length > 0) return true;
  if (state.unsaved_claims >= maxUnsavedClaims - 2) return true;
  const { progress_pct, next_check_at_ms = state.next_check_at_ms, ...rest } = decision.state;
  if (Math.abs(next_check_at_ms - state.next_check_at_ms) >= noticedMs) return true;
  if (
    progress_pct !== undefined &&
    progress_pct !== state.progress_pct &&
    now_ms - state.progress_saved_at_ms >= progress_save_ms
  )
    return true;
  return (Object.keys(rest) as (keyof typeof rest)[]).some((key) => !isSame(rest[key], state[key]));
}
