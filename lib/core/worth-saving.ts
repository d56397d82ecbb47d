import { maxUnsavedClaims } from './cadence.ts';
import type { Decision } from './decide.ts';
import type { Job } from './job.ts';

/** Whether a non-terminal decision changes anything a restart or a reader would miss. */
export function worthSaving(job: Job, decision: Decision, progress_save_ms: number, now_ms: number): boolean {
  const { state } = job;
  if (decision.due_at_ms === null || decision.seen !== null || decision.tell.length > 0) return true;
  if (state.unsaved_claims >= maxUnsavedClaims - 2) return true;
  const { progress_pct, ...rest } = decision.state;
  if (
    progress_pct !== undefined &&
    progress_pct !== state.progress_pct &&
    now_ms - state.progress_saved_at_ms >= progress_save_ms
  )
    return true;
  return (Object.keys(rest) as (keyof typeof rest)[]).some(
    (key) => JSON.stringify(rest[key]) !== JSON.stringify(state[key]),
  );
}
