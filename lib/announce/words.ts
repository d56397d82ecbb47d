import type { JobEvent } from '../core/announcement.ts';
import type { JobDescriptor } from '../core/descriptor.ts';
import type { EventType, Reason } from '../core/job.ts';
import { figuresOf } from './figures.ts';
import { plain } from './plain.ts';

/** What every message says, whatever it looks like. Each text is one clean line. */
export type Words = {
  /** `FAILED`: always the first word. */
  outcome: string;
  name: string;
  /** `3m12s`: from the start to the end, or to the event. */
  took: string;
  expected: string;
  terminal: boolean;
  /** Our own words. */
  why: string;
  /** What the remote system said, and what was made of it: to be quoted, never trusted. Each ≤ 300 characters. */
  quoted: string[];
  next: string;
  /** To look at it and, while it runs, to cancel it. */
  commands: string[];
  /** Null when there is no page to go to. */
  status_url: string | null;
};

/** The longest a quoted text may be, characters. */
export const most_reason = 300;

/** The words of an event. */
export function wordsOf(event: JobEvent): Words {
  const { data } = event;
  return {
    outcome: outcomeOf(event),
    name: plain(data.name ?? '', 120) || plain(data.kind, 120) || 'a job',
    took: tookOf(event),
    expected: durationWords(data.expected_seconds),
    terminal: data.terminal,
    why: whyOf(event),
    quoted: quotedOf(data),
    next: plain(data.next_step ?? '', 280) || nextOf(event),
    commands: [data.status_command, ...(data.terminal ? [] : [data.cancel_command])].map((text) => plain(text, 300)),
    status_url: pageOf(data.status_url),
  };
}

const typeOf = (event: JobEvent): EventType => event.type.slice('job.'.length) as EventType; // by its own type

const phaseWords: Record<Exclude<EventType, 'settled'>, { outcome: string; why: string }> = {
  failing: { outcome: 'FAILING', why: 'it is already going wrong, and not over yet' },
  blocked: { outcome: 'BLOCKED', why: 'it waits for a person' },
  unreachable: { outcome: 'OUT OF SIGHT', why: 'we cannot see it; the job itself may well be going on' },
  reachable: { outcome: 'IN SIGHT AGAIN', why: 'we see it again' },
  overdue: { outcome: 'OVERDUE', why: 'it takes more than twice as long as expected' },
};

const reasonWords: Record<Reason, string> = {
  upstream_failed: 'the remote job failed',
  timed_out: 'it was not done by its deadline',
  start_rejected: 'the remote system refused to start it',
  start_unknown: 'it is not known whether the remote job began',
  unreachable: 'it could not be seen any more; the remote job may be going on',
  auth_failed: 'the credential was refused',
  target_not_found: 'the remote system does not know it',
  target_not_allowed: 'its address is not allowed',
  result_invalid: 'the remote answer could not be used',
  internal_error: 'a fault of untildone; the remote job may be going on',
  cancelled_by_caller: 'it was cancelled as asked',
  cancelled_upstream: 'it was cancelled in the remote system',
};

/** The outcome in capitals, `FAILED` or `OUT OF SIGHT`. */
export function outcomeOf(event: JobEvent): string {
  const { data } = event;
  const type = typeOf(event);
  if (type !== 'settled') return phaseWords[type].outcome;
  if (data.status === 'complete') return 'COMPLETE';
  if (data.status === 'cancelled') return 'CANCELLED';
  return data.reason === 'timed_out' ? 'TIMED OUT' : 'FAILED';
}

/** From the start to the end, or to the event. */
export function tookOf({ data, timestamp }: JobEvent): string {
  const seconds = (Date.parse(data.settled_at ?? timestamp) - Date.parse(data.started_at)) / 1000;
  return durationWords(Number.isFinite(seconds) ? seconds : 0);
}

/** Seconds as people write them: `12s`, `3m12s`, `2h05m`. */
export function durationWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

function whyOf(event: JobEvent): string {
  const type = typeOf(event);
  if (type !== 'settled') return phaseWords[type].why;
  const { reason } = event.data;
  return reason === null ? 'the remote job is done' : `${reasonWords[reason]} (${reason})`;
}

/** What is worth doing when neither the kind nor core recommends anything. */
function nextOf(event: JobEvent): string {
  const { data } = event;
  switch (typeOf(event)) {
    case 'settled':
      return 'Nothing: it is not watched any more.';
    case 'unreachable':
      return `Nothing yet: we keep looking until ${data.deadline_at}.`;
    case 'reachable':
      return 'Nothing: it is watched as before.';
    case 'failing':
      return 'Nothing yet: it is watched to its end.';
    case 'blocked':
      return `Act in the remote system; it is watched until ${data.deadline_at}.`;
    case 'overdue':
      return `Nothing yet: it is watched until ${data.deadline_at}.`;
  }
}

function quotedOf(data: JobDescriptor): string[] {
  const state = [
    data.upstream_state === null ? '' : `state ${plain(data.upstream_state, 100)}`,
    data.progress_pct === null ? '' : `progress ${data.progress_pct} %`,
  ].filter((part) => part !== '');
  const figures = figuresOf(data.result);
  return [
    data.message ?? '',
    state.join(', '),
    figures.length === 0 ? '' : `figures: ${figures.join(', ')}`,
    ...data.warnings.slice(-2).map((warning) => `warning: ${warning}`),
  ]
    .map((line) => plain(line, most_reason))
    .filter((line) => line !== '');
}

/** Only what a mail or chat client opens as a page, spelled so that nothing can be added to it. */
function pageOf(address: string): string | null {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null;
  return url.href.length > 1000 ? null : url.href;
}
