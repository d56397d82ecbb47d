import { eventOf, type JobEvent } from '../../lib/core/announcement.ts';
import { type EventType, eventIdOf } from '../../lib/core/job.ts';
import { aJob, epoch_ms, type JobParts, planted } from '../core/a-job.ts';

const address = { cli_command: 'untildone', base_url: 'https://jobs.example.com' };

/** An event of a load test, three minutes and twelve seconds after its start; `parts` are laid over the job. */
export function anEvent(type: EventType = 'settled', parts: JobParts = {}): JobEvent {
  const at_ms = epoch_ms + 192_000;
  const job = aJob({
    ...parts,
    spec: { name: 'checkout load test', connection: 'load-test', expected_seconds: 630, ...parts.spec },
    state: {
      checks: 9,
      ...(type === 'settled' ? { phase: null, settled_at_ms: at_ms } : {}),
      ...parts.state,
    },
  });
  return eventOf(job, { event_id: eventIdOf(job, 1, type), type, at_ms }, address);
}

const seen = (message: string | null, result: unknown = null): NonNullable<JobParts['job']> => ({
  seen: { message, observed: null, result: planted(result) },
});

/** One event for each thing people are told. */
export const someEvents: Record<string, JobEvent> = {
  complete: anEvent('settled', {
    state: { status: 'complete', upstream_state: 'FINISHED', progress_pct: 100 },
    kind: { next_step: { complete: 'Compare the figures with the last run.' } },
    job: seen(null, {
      p95_ms: 812,
      throughput_per_second: 118.237461,
      errors: { rate: 0, worst: null },
      steps: [1, 2],
    }),
  }),
  failed: anEvent('settled', {
    state: { status: 'failed', reason: 'upstream_failed', upstream_state: 'ERROR', progress_pct: 60 },
    job: seen('41 % of the requests to /checkout failed: connection refused (10.0.0.7:8080)', {
      errors: { rate: 0.41 },
    }),
  }),
  'timed-out': anEvent('settled', {
    state: { status: 'failed', reason: 'timed_out', upstream_state: 'RUNNING', progress_pct: 97 },
  }),
  cancelled: anEvent('settled', {
    state: { status: 'cancelled', reason: 'cancelled_by_caller', upstream_state: 'ABORTED' },
  }),
  'start-rejected': anEvent('settled', {
    state: { status: 'failed', reason: 'start_rejected', checks: 0 },
    job: seen('the plan allows 50 users, 500 were asked for'),
  }),
  'dead-credential': anEvent('settled', {
    spec: { connection: 'octoperf' },
    state: {
      status: 'failed',
      reason: 'auth_failed',
      upstream_state: 'RUNNING',
      death: { id: 'grant-1', renew: 'run "untildone connect octoperf" to agree anew' },
    },
    job: seen(
      'the credential of connection "octoperf" was refused (invalid_grant: the grant was revoked); run "untildone connect octoperf" to agree anew',
    ),
  }),
  failing: anEvent('failing', {
    state: { phase: 'failing', upstream_state: 'ROLLING_BACK', progress_pct: 40 },
    job: seen('stack update failed, rolling back'),
  }),
  blocked: anEvent('blocked', { state: { phase: 'blocked', upstream_state: 'NEEDS_APPROVAL' } }),
  unreachable: anEvent('unreachable', {
    state: {
      phase: 'unreachable',
      upstream_state: 'RUNNING',
      consecutive_errors: 5,
      last_error: 'timeout: GET https://ci.example.com: no complete answer within 10000 ms',
    },
  }),
  reachable: anEvent('reachable', { state: { phase: 'polling', upstream_state: 'RUNNING', progress_pct: 55 } }),
  overdue: anEvent('overdue', {
    spec: { expected_seconds: 90 },
    state: { phase: 'polling', upstream_state: 'RUNNING', progress_pct: 12 },
  }),
};
