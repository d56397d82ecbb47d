import type { JobEvent } from '../../lib/core/announcement.ts';
import { describeJob } from '../../lib/core/descriptor.ts';
import { eventIdOf, type Job, type JobSpec, newJob, type OwedEvent } from '../../lib/core/job.ts';

export const epoch_ms = Date.parse('2026-11-21T09:00:00.000Z');
export const address = { cli_command: 'untildone', base_url: 'http://127.0.0.1:4646' };

/** A job id that tells itself: `jobId(7)` ends in 7. */
export const jobId = (number: number): string => `job_${String(number).padStart(26, '0')}`;

const spec: JobSpec = {
  kind: {
    name: 'http',
    transport: 'http',
    start: { method: 'POST', url: '/runs' },
    handle: { id: 'id' },
    status: { url: '/runs/{id}' },
    progress: null,
    cancel: { method: 'POST', url: '/runs/{id}/cancel' },
    acceptors: [
      { state: 'success', matcher: { path: 'state', expected: 'FINISHED', comparator: 'stringEquals' } },
      { state: 'failure', matcher: { path: 'state', expected: 'ERROR', comparator: 'stringEquals' } },
    ],
    paths: { upstream_state: 'state' },
    pace: {},
    next_step: {},
  },
  connection: 'ci',
  name: 'nightly · ünïcode " \\ \n',
  labels: { team: 'perf' },
  starts: false,
  expected_seconds: 300,
  timeout_seconds: 3600,
  interval_seconds: 30,
  heartbeat_seconds: 60,
  cancel_on_timeout: false,
  first_check: 'now',
  announce: { targets: ['ops'], on: null },
  fingerprint: null,
};

export type JobTraits = {
  number?: number;
  owner?: string;
  made_at_ms?: number;
  kind?: string;
  /** True for a job whose remote side we start: it has no handle yet. */
  starts?: boolean;
};

/** A fresh record as flow hands it to the store. */
export function aJob({
  number = 1,
  owner = 'me',
  made_at_ms = epoch_ms,
  kind = 'http',
  starts = false,
}: JobTraits = {}): Job {
  return newJob({
    job_id: jobId(number),
    owner,
    now_ms: made_at_ms,
    spec: { ...spec, kind: { ...spec.kind, name: kind }, starts },
    handle: starts ? null : { id: 'run-1' },
    first_check_at_ms: made_at_ms,
  });
}

/** What a settling save writes. */
export const settledState = {
  status: 'complete',
  phase: null,
  reason: null,
  settled_at_ms: epoch_ms + 60_000,
} as const;

export const owedBy = (job: Job, number = 0, type: OwedEvent['type'] = 'settled'): OwedEvent => ({
  event_id: eventIdOf(job, number, type),
  type,
  at_ms: epoch_ms,
});

/** An event of a job, rendered as flow renders it. */
export function anEvent(job: Job, number = 0, type: OwedEvent['type'] = 'settled'): JobEvent {
  const { event_id, at_ms } = owedBy(job, number, type);
  return {
    event_id,
    type: `job.${type}`,
    timestamp: new Date(at_ms).toISOString(),
    data: describeJob(job, [], address, at_ms),
  };
}

/** Freezes a record through and through: whoever writes into it throws. */
export function frozen<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}
