import { readConfiguration, targetsOf } from '../../lib/core/configuration.ts';
import { plantTree } from '../../lib/core/jmespath.ts';
import type { Job } from '../../lib/core/job.ts';
import type { Call, FaultType } from '../../lib/core/kind.ts';
import type { Answer, Fault, Observation } from '../../lib/core/observation.ts';
import { runTick, type TickReport } from '../../lib/flow/run-tick.ts';
import { type StartCall, startJob } from '../../lib/flow/start-job.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import type { Ports, Settings, Tick } from '../../lib/ports.ts';
import { countingIds, memoryAnnouncements, memoryEvents, memoryJobStore } from './memory-ports.ts';

/** A remote system that answers as told; every call is kept with its time. */
export type Remote = {
  start: (call: Call) => Observation;
  status: (call: Call, number: number) => Observation;
  cancel: (call: Call) => Observation;
};
export type RemoteCall = { at_ms: number; part: 'start' | 'status' | 'cancel'; call: Call };

const epoch_ms = Date.parse('2026-11-21T09:00:00.000Z');

/** An answer with a JSON body. */
export const answers = (body: unknown, rest: Partial<Answer> = {}): Answer => ({
  answered: true,
  http_status: 200,
  body: plantTree(body),
  unparseable: null,
  links: {},
  retry_after_seconds: null,
  rate_limited: rest.http_status === 429,
  ...rest,
});
/** No answer. */
export const fails = (type: FaultType, rest: Partial<Fault> = {}): Fault => ({
  answered: false,
  type,
  sent: true,
  message: `${type} (scripted)`,
  retry_after_seconds: null,
  postponed: false,
  ...rest,
});

const configuration = {
  connections: { ci: { transport: 'http', url: 'https://ci.example.com' } },
  announce: {
    webhooks: [
      {
        name: 'ops',
        url: 'https://hooks.example.com/ops',
        secret: 'env:HOOK',
        on: ['settled', 'failing', 'blocked', 'unreachable', 'reachable', 'overdue'],
      },
    ],
  },
};

/** Acceptors of a service that says `state`. */
export const acceptors = [
  { state: 'success', matcher: { path: 'state', expected: 'FINISHED', comparator: 'stringEquals' } },
  { state: 'failure', matcher: { path: 'state', expected: 'ERROR', comparator: 'stringEquals' } },
  { state: 'cancelled', matcher: { path: 'state', expected: 'ABORTED', comparator: 'stringEquals' } },
  { state: 'failing', matcher: { path: 'state', expected: 'ROLLING_BACK', comparator: 'stringEquals' } },
  { state: 'blocked', matcher: { path: 'state', expected: 'NEEDS_APPROVAL', comparator: 'stringEquals' } },
];
const paths = { message: 'error.message', progress: 'progress', upstream_state: 'state', result: 'figures' };

/** A body that starts a job. */
export const startBody = (rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  kind: 'http',
  connection: 'ci',
  input: {
    start: { url: '/runs' },
    handle: { id: 'id' },
    status: { url: '/runs/{id}' },
    cancel: { method: 'POST', url: '/runs/{id}/cancel' },
  },
  acceptors,
  paths,
  ...rest,
});
/** A body that adopts one. */
export const adoptBody = (rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  kind: 'http',
  connection: 'ci',
  handle: { status: { url: '/runs/42' }, cancel: { method: 'POST', url: '/runs/42/cancel' } },
  acceptors,
  paths,
  ...rest,
});

type Schedule = { tick: Tick; every_ms: number; end_at_ms: number };

/**
 * Ports in memory, a clock that is moved by hand, a scripted remote system, and carriers that behave as the cloud's do:
 * heartbeats on whole minutes, ticks late, twice or out of order when `disturb` says so.
 */
export function world(
  options: {
    disturb?: (tick: Tick) => Tick[];
    wrap?: (ports: Ports) => Ports;
    configuration?: Record<string, unknown>;
  } = {},
) {
  const read = readConfiguration({ ...configuration, ...options.configuration });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const settings: Settings = {
    kinds: kindsWith(read.configuration.kinds),
    connections: new Map(Object.entries(read.configuration.connections)),
    targets: targetsOf(read.configuration),
    address: { cli_command: 'untildone', base_url: 'http://127.0.0.1:4646' },
    limits: {
      max_active_jobs_per_owner: read.configuration.max_active_jobs_per_owner,
      max_checks_per_job: read.configuration.max_checks_per_job,
      retention_days: 30,
      wait_look_ms: 250,
      progress_save_ms: 0,
    },
  };
  let now_ms = epoch_ms;
  const pending: Tick[] = [];
  const schedules = new Map<string, Schedule>();
  const calls: RemoteCall[] = [];
  const reports: TickReport[] = [];
  const crashes: unknown[] = [];
  const remote: Remote = {
    start: () => answers({ id: 'run-1' }, { http_status: 202 }),
    status: () => answers({ state: 'RUNNING' }),
    cancel: () => answers({}, { http_status: 202 }),
  };
  const jobs = memoryJobStore();
  const events = memoryEvents();
  const announcements = memoryAnnouncements();
  const partOf = (call: Call): RemoteCall['part'] =>
    call.method === undefined || call.method === 'GET'
      ? 'status'
      : /cancel$/.test(call.url) || call.method === 'DELETE'
        ? 'cancel'
        : 'start';

  const base: Ports = {
    jobs,
    events,
    announcements,
    ids: countingIds(),
    clock: { now: () => now_ms, sleep: (ms) => advance(ms / 1000) },
    ticks: {
      send: (tick) => {
        pending.push(...(options.disturb?.(tick) ?? [tick]));
        return Promise.resolve();
      },
    },
    schedules: {
      create: ({ ref, interval_seconds, first_at_ms, end_at_ms }) => {
        const every_ms = Math.max(1, Math.ceil(interval_seconds / 60)) * 60_000;
        if (!schedules.has(ref.job_id))
          schedules.set(ref.job_id, {
            tick: { ...ref, carrier: 'heartbeat', expected_checks: null, due_at_ms: first_at_ms },
            every_ms,
            end_at_ms,
          });
        return Promise.resolve();
      },
      delete: ({ job_id }) => {
        schedules.delete(job_id);
        return Promise.resolve();
      },
    },
    transports: {
      http: {
        call: ({ call }) => {
          const part = partOf(call);
          calls.push({ at_ms: now_ms, part, call });
          const number = calls.filter((one) => one.part === 'status').length;
          return Promise.resolve(part === 'status' ? remote.status(call, number) : remote[part](call));
        },
      },
    },
  };
  const ports = options.wrap?.(base) ?? base;

  async function deliver(tick: Tick): Promise<void> {
    try {
      reports.push(await runTick(ports, settings, tick));
    } catch (error) {
      crashes.push(error);
    }
  }
  /** Moves the clock, sending every tick that falls due, in order. */
  async function advance(seconds: number): Promise<void> {
    const end_ms = now_ms + seconds * 1000;
    for (;;) {
      const beats = [...schedules.values()].map((schedule) => schedule.tick);
      const next = [...pending, ...beats]
        .filter((tick) => tick.due_at_ms <= end_ms)
        .sort((left, right) => left.due_at_ms - right.due_at_ms)[0];
      if (next === undefined) break;
      now_ms = Math.max(now_ms, next.due_at_ms);
      const at = pending.indexOf(next);
      if (at >= 0) pending.splice(at, 1);
      else beat(next);
      await deliver(next);
    }
    now_ms = end_ms;
  }
  function beat(tick: Tick): void {
    const schedule = schedules.get(tick.job_id);
    if (schedule === undefined) return;
    const next_ms = tick.due_at_ms + schedule.every_ms;
    if (next_ms > schedule.end_at_ms) schedules.delete(tick.job_id);
    else schedule.tick = { ...tick, due_at_ms: next_ms };
  }

  return {
    ports,
    settings,
    remote,
    calls,
    reports,
    crashes,
    pending,
    schedules,
    advance,
    jobs: jobs.all,
    events: events.appended,
    published: announcements.published,
    now: (): number => now_ms,
    /** Moves the clock alone, as a machine's clock jumps. */
    jump: (seconds: number): void => void (now_ms += seconds * 1000),
    start: (body: unknown, rest: Partial<StartCall> = {}): Promise<Job> =>
      startJob(ports, settings, { owner: 'me', idempotency_key: null, body, ...rest }),
    job: (job_id: string): Job => {
      const job = jobs.all.get(job_id);
      if (job === undefined) throw new Error(`no ${job_id}`);
      return job;
    },
    statusCalls: (): number[] =>
      calls.filter((one) => one.part === 'status').map((one) => (one.at_ms - epoch_ms) / 1000),
    told: (): string[] => announcements.published.map(({ event }) => event.type),
  };
}
export type World = ReturnType<typeof world>;
