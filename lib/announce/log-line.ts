import type { JobEvent } from '../core/announcement.ts';
import { plain } from './plain.ts';
import { durationWords, most_reason, outcomeOf, tookOf } from './words.ts';

export { durationWords };

/** The first word tells the outcome: `FAILED · checkout load test · 8s of ~1m00s · why`. One line, nothing a terminal would act on. */
export function logLine(event: JobEvent): string {
  const { data } = event;
  const why = data.message ?? (data.status === 'failed' ? data.reason : null);
  return [
    outcomeOf(event),
    data.name ?? data.kind,
    `${tookOf(event)} of ~${durationWords(data.expected_seconds)}`,
    why,
    data.job_id,
  ]
    .filter((part) => part !== null)
    .map((part) => plain(part, most_reason))
    .join(' · ');
}
