import type { JobEvent } from '../core/announcement.ts';

/** What `doctor --send-test` sends: a settled job that never was, and says so. `whom` is who is told: `the target "ops"`. */
export function testEvent(whom: string): JobEvent {
  const now = new Date().toISOString();
  const job_id = `job_${'0'.repeat(26)}`;
  return {
    event_id: `evt_test_${Date.now().toString(36)}`,
    type: 'job.settled',
    timestamp: now,
    data: {
      job_id,
      kind: 'http',
      name: 'untildone doctor: a test announcement',
      connection: 'none',
      status: 'complete',
      terminal: true,
      reason: null,
      message: `This is a test of ${whom}. No job has ended.`,
      phase: null,
      warnings: [],
      status_command: 'untildone doctor',
      cancel_command: 'untildone doctor',
      status_url: '',
      cancel_url: '',
      poll_interval_ms: 1000,
      timeout_ms: 1000,
      expected_seconds: 1,
      started_at: now,
      deadline_at: now,
      next_check_at: null,
      settled_at: now,
      checks: 0,
      consecutive_errors: 0,
      upstream_state: null,
      progress_pct: null,
      handle: null,
      labels: { test: 'true' },
      result: null,
      next_step: null,
      observed: { _source: 'external', _trusted: false, value: null },
      announcements: [],
    },
  };
}
