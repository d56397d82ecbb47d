import type { JobDescriptor } from '../../../lib/core/descriptor.ts';
import type { Reply } from './scripted-server.ts';

export const jobId = 'job_0123456789abcdefghijklmnop';

/** A running job as the API answers it, with what a test changes. */
export const aJob = (changes: Partial<JobDescriptor> = {}): JobDescriptor => ({
  job_id: jobId,
  kind: 'http',
  name: 'checkout load test',
  connection: 'ci',
  status: 'running',
  terminal: changes.status !== undefined && changes.status !== 'running',
  reason: null,
  message: null,
  phase: changes.status === undefined || changes.status === 'running' ? 'polling' : null,
  warnings: [],
  status_command: `./served by/untildone job status ${jobId}`,
  cancel_command: `./served by/untildone job cancel ${jobId}`,
  status_url: `http://127.0.0.1:4646/v1/jobs/${jobId}`,
  cancel_url: `http://127.0.0.1:4646/v1/jobs/${jobId}/cancel`,
  poll_interval_ms: 6000,
  timeout_ms: 3_720_000,
  expected_seconds: 630,
  started_at: '2026-11-21T09:00:00.000Z',
  deadline_at: '2026-11-21T10:00:00.000Z',
  next_check_at: '2026-11-21T09:01:00.000Z',
  settled_at: null,
  checks: 12,
  consecutive_errors: 0,
  upstream_state: 'RUNNING',
  progress_pct: 60,
  handle: { id: '42' },
  labels: {},
  result: null,
  next_step: null,
  observed: { _source: 'external', _trusted: false, value: { state: 'RUNNING' } },
  announcements: [],
  ...changes,
});

/** problem+json as the API writes it. */
export const aProblem = (status: number, code: string, more: Record<string, unknown> = {}): Reply => ({
  status,
  json: {
    type: 'about:blank',
    title: code,
    status,
    detail: `Said by the server: ${code}`,
    code,
    retryable: false,
    retry_after_ms: null,
    errors: [],
    request_id: 'req_server',
    ...more,
  },
});
