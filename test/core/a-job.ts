import { heartbeatEvery } from '../../lib/core/cadence.ts';
import { plantTree, type Tree } from '../../lib/core/jmespath.ts';
import { type Job, type JobSpec, type JobState, newJob } from '../../lib/core/job.ts';
import type { Acceptor, FaultType, ResolvedKind } from '../../lib/core/kind.ts';
import type { Answer, Fault } from '../../lib/core/observation.ts';

/** When the jobs of these tests begin. */
export const epoch_ms = Date.parse('2026-11-21T09:00:00.000Z');

/** A tree of what is JSON. Throws for what nests too deep, so that a test never goes on with nothing. */
export function planted(value: unknown): Tree {
  const tree = plantTree(value);
  if (tree === undefined) throw new Error('the test plants no tree');
  return tree;
}

/** An answer with a JSON body; `undefined` for none. */
export const anAnswer = (http_status: number, body?: unknown, rest: Partial<Answer> = {}): Answer => ({
  answered: true,
  http_status,
  body: body === undefined ? undefined : planted(body),
  unparseable: null,
  links: {},
  retry_after_seconds: null,
  rate_limited: http_status === 429,
  ...rest,
});

/** No answer. */
export const aFault = (type: FaultType, rest: Partial<Fault> = {}): Fault => ({
  answered: false,
  type,
  sent: true,
  message: `${type} happened`,
  retry_after_seconds: null,
  postponed: false,
  ...rest,
});

/** `path` equals `expected` means `state`. */
export const when = (state: Acceptor['state'], expected: string, path = 'state'): Acceptor => ({
  state,
  matcher: { path, expected, comparator: 'stringEquals' },
});

export const someAcceptors: Acceptor[] = [
  when('success', 'FINISHED'),
  when('failure', 'ERROR'),
  when('cancelled', 'ABORTED'),
  when('failing', 'ROLLING_BACK'),
  when('blocked', 'NEEDS_APPROVAL'),
];

export type JobParts = {
  spec?: Partial<JobSpec>;
  kind?: Partial<ResolvedKind>;
  state?: Partial<JobState>;
  job?: Partial<Pick<Job, 'handle' | 'seen' | 'deadline_at_ms'>>;
};

/** A job that was started at the epoch, expects 300 s and has an hour; `parts` are laid over it. */
export function aJob(parts: JobParts = {}): Job {
  const kind: ResolvedKind = {
    name: 'http',
    transport: 'http',
    start: { method: 'POST', url: '/runs' },
    handle: { id: 'id' },
    status: { url: '/runs/{id}' },
    progress: null,
    cancel: { method: 'POST', url: '/runs/{id}/cancel' },
    acceptors: someAcceptors,
    paths: { message: 'message', progress: 'progress', upstream_state: 'state', result: 'result' },
    pace: {},
    next_step: {},
    ...parts.kind,
  };
  const spec: JobSpec = {
    kind,
    connection: 'ci',
    name: 'nightly',
    labels: { team: 'perf' },
    starts: true,
    expected_seconds: 300,
    timeout_seconds: 3600,
    interval_seconds: 30,
    heartbeat_seconds: heartbeatEvery(parts.spec?.interval_seconds ?? 30, 60),
    cancel_on_timeout: false,
    first_check: 'now',
    announce: { targets: ['ops'], on: null },
    fingerprint: null,
    ...parts.spec,
  };
  const job = newJob({
    job_id: 'job_00000000000000000000000001',
    owner: 'me',
    now_ms: epoch_ms,
    spec,
    handle: { id: 'run-1' },
    first_check_at_ms: epoch_ms,
  });
  return {
    ...job,
    ...parts.job,
    state: { ...job.state, phase: 'polling', begun_at_ms: epoch_ms, ...parts.state },
  };
}
