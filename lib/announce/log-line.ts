import type { JobEvent } from '../core/announcement.ts';
import type { JobDescriptor } from '../core/descriptor.ts';

const outcomeWord = (data: JobDescriptor): string => {
  if (data.status === 'complete') return 'COMPLETE';
  if (data.status === 'cancelled') return 'CANCELLED';
  return data.reason === 'timed_out' ? 'TIMED OUT' : 'FAILED';
};

const phaseWords: Record<Exclude<JobEvent['type'], 'job.settled'>, string> = {
  'job.failing': 'FAILING',
  'job.blocked': 'BLOCKED',
  'job.unreachable': 'OUT OF SIGHT',
  'job.reachable': 'IN SIGHT AGAIN',
  'job.overdue': 'OVERDUE',
};

/** Seconds as people write them: `12s`, `3m12s`, `2h05m`. */
export function durationWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

/** The first word tells the outcome: `FAILED · checkout load test · 8s of ~1m00s · why`. One line, nothing a terminal would act on. */
export function logLine(event: JobEvent): string {
  const { data } = event;
  const word = event.type === 'job.settled' ? outcomeWord(data) : phaseWords[event.type];
  const took = durationWords((Date.parse(data.settled_at ?? event.timestamp) - Date.parse(data.started_at)) / 1000);
  const why = data.message ?? (data.status === 'failed' ? data.reason : null);
  return [word, data.name ?? data.kind, `${took} of ~${durationWords(data.expected_seconds)}`, why, data.job_id]
    .filter((part) => part !== null)
    .map(oneLine)
    .join(' · ');
}

/** Remote text may hold line breaks and escape sequences: they must not reach a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, 300);
