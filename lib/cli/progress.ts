import type { Descriptor } from './descriptor-schema.ts';
import { durationOf, plainText } from './plain-text.ts';

const width = 24;

const elapsedOf = (job: Descriptor, now_ms: number): number => Math.max(0, now_ms - Date.parse(job.started_at));
const percentOf = (job: Descriptor): number | undefined =>
  typeof job.progress_pct === 'number' ? Math.min(100, Math.max(0, Math.round(job.progress_pct))) : undefined;

/** `running 60 % · polling · 12 checks · 3m12s of ~10m30s`, for a log. */
export function progressLine(job: Descriptor, now_ms: number): string {
  const percent = percentOf(job);
  const expected = job.expected_seconds === undefined ? '' : ` of ~${durationOf(job.expected_seconds * 1000)}`;
  return [
    `${job.status}${percent === undefined ? '' : ` ${percent} %`}`,
    ...(job.phase ? [plainText(job.phase)] : []),
    ...(job.checks === undefined ? [] : [`${job.checks} ${job.checks === 1 ? 'check' : 'checks'}`]),
    `${durationOf(elapsedOf(job, now_ms))}${expected}`,
  ].join(' · ');
}

/**
 * Milliseconds that are likely left: from the progress once it says something (5 %), else from the expectation;
 * undefined when neither tells.
 */
export function remainingOf(job: Descriptor, now_ms: number): number | undefined {
  const elapsed = elapsedOf(job, now_ms);
  const percent = percentOf(job);
  if (percent !== undefined && percent >= 5) return (elapsed * (100 - percent)) / percent;
  const left = job.expected_seconds === undefined ? 0 : job.expected_seconds * 1000 - elapsed;
  return left > 0 ? left : undefined;
}

/** `[########----------------] 33 % · polling · 12 checks · 3m12s · ~7m18s left`, drawn over on a terminal. */
export function progressBar(job: Descriptor, now_ms: number, columns: number): string {
  const elapsed = elapsedOf(job, now_ms);
  const known = percentOf(job);
  const guess = job.expected_seconds ? Math.min(99, Math.floor((elapsed / (job.expected_seconds * 1000)) * 100)) : 0;
  const filled = Math.round(((known ?? guess) / 100) * width);
  const left = remainingOf(job, now_ms);
  const line = [
    `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${known ?? `~${guess}`} %`,
    ...(job.phase ? [plainText(job.phase)] : []),
    ...(job.checks === undefined ? [] : [`${job.checks} ${job.checks === 1 ? 'check' : 'checks'}`]),
    durationOf(elapsed),
    left === undefined ? 'longer than expected' : `~${durationOf(left)} left`,
  ].join(' · ');
  return line.slice(0, Math.max(20, columns - 1));
}
