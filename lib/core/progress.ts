import type { Job } from './job.ts';

/** Whether this check asks for the progress apart: the first, and then every so many as the kind says. */
export const asksForProgress = ({ spec, state }: Job): boolean =>
  (state.checks - 1) % (spec.kind.pace.progress_every_checks ?? 1) === 0;

/** Where the job should be by the clock, 0–100; of an adopted one, whose beginning is unknown, where it was last seen. */
export function whereByNow({ spec, state }: Job, now_ms: number): number | null {
  if (state.begun_at_ms === null) return state.progress_pct;
  return Math.min(100, (now_ms - state.begun_at_ms) / (10 * spec.expected_seconds));
}
