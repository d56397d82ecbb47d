import { readConfiguration, targetsOf } from '../../lib/core/configuration.ts';
import type { JobDescriptor } from '../../lib/core/descriptor.ts';
import { RequestError } from '../../lib/core/errors.ts';
import { plantTree } from '../../lib/core/jmespath.ts';
import { isTerminal, type Job, refOf } from '../../lib/core/job.ts';
import type { FaultType, HttpCall, McpCall } from '../../lib/core/kind.ts';
import type { Answer, Fault, Observation } from '../../lib/core/observation.ts';
import { cancelJob } from '../../lib/flow/cancel-job.ts';
import { getJob } from '../../lib/flow/get-job.ts';
import { runTick, type TickReport } from '../../lib/flow/run-tick.ts';
import { type StartCall, startJob } from '../../lib/flow/start-job.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import type { Ports, Settings, Tick } from '../../lib/ports.ts';
import { carriers, type Disturb } from './carriers.ts';
import { countingIds, memoryAnnouncements, memoryEvents, memoryJobStore } from './memory-ports.ts';
import { timeline } from './timeline.ts';
import { type Around, aroundPorts, witness } from './witness.ts';

/** A remote system that answers as told; every call is kept with its time. */
export type Remote = {
  start: (call: HttpCall) => Observation;
  status: (call: HttpCall, number: number) => Observation;
  progress: (call: HttpCall) => Observation;
  cancel: (call: HttpCall) => Observation;
  /** Any tool of its MCP server. */
  tool: (call: McpCall) => Observation;
  /** How long an answer takes; the remote side acts when the call comes in. */
  seconds: (part: RemoteCall['part'] | 'tool') => number;
};
/** A call of a tool, with its time. */
export type ToolCall = McpCall & { at_ms: number };
export type RemoteCall = { at_ms: number; part: 'start' | 'status' | 'progress' | 'cancel'; call: HttpCall };

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
  connections: {
    ci: { transport: 'http', url: 'https://ci.example.com' },
    tools: { transport: 'mcp', url: 'https://tools.example.com/mcp' },
  },
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

export type WorldOptions = {
  /** What happens to ticks on their way. */
  disturb?: Disturb;
  /** Stands around every port call: kills, slow stores, stale reads. */
  around?: Around;
  /** Seconds after which a carrier brings a tick again whose process died; null: never. */
  redeliver_seconds?: number | null;
  configuration?: Record<string, unknown>;
  /** How often a heartbeat beats that only watches. */
  watchdog_seconds?: number;
};

/**
 * Ports in memory, a clock that is moved by hand, a scripted remote system, and carriers that behave as the cloud's do.
 * Whatever happens in it is witnessed: end a test with `expectZeroRow(world)`.
 */
export function world(options: WorldOptions = {}) {
  const settings = settingsOf({ ...configuration, ...options.configuration }, options.watchdog_seconds);
  const time = timeline(epoch_ms);
  const seen = witness();
  const calls: RemoteCall[] = [];
  const toolCalls: ToolCall[] = [];
  const reports: TickReport[] = [];
  const crashes: unknown[] = [];
  const acknowledged = new Set<string>();
  const remote: Remote = {
    start: () => answers({ id: 'run-1' }, { http_status: 202 }),
    status: () => answers({ state: 'RUNNING' }),
    progress: () => answers({}),
    cancel: () => answers({}, { http_status: 202 }),
    tool: ({ tool }) => {
      throw new Error(`nobody plays the tool ${tool} here`);
    },
    seconds: () => 0,
  };
  const jobs = memoryJobStore();
  const events = memoryEvents();
  const announcements = memoryAnnouncements();
  const { ticks, schedules, hearts, pending, post } = carriers(time, deliver, options.disturb);

  async function ask(call: HttpCall): Promise<Observation> {
    const part = partOf(call);
    calls.push({ at_ms: time.now(), part, call });
    const number = calls.filter((one) => one.part === 'status').length;
    const answer = remote[part](call, number);
    const seconds = remote.seconds(part);
    if (seconds > 0) await time.wait(seconds);
    return answer;
  }
  async function askTool(call: McpCall): Promise<Observation> {
    toolCalls.push({ at_ms: time.now(), ...call });
    const answer = remote.tool(call);
    const seconds = remote.seconds('tool');
    if (seconds > 0) await time.wait(seconds);
    return answer;
  }
  const base: Ports = {
    jobs,
    events,
    announcements,
    ticks,
    schedules,
    ids: countingIds(),
    clock: { now: time.now, sleep: (ms) => time.advance(ms / 1000) },
    transports: { http: { call: ({ call }) => ask(call) }, mcp: { call: ({ call }) => askTool(call) } },
  };
  const watched = aroundPorts(base, seen.invocations, seen.around);
  const ports = options.around === undefined ? watched : aroundPorts(watched, seen.invocations, options.around);

  async function deliver(tick: Tick): Promise<void> {
    try {
      reports.push(await seen.invoke('tick', tick.job_id, () => runTick(ports, settings, tick)));
    } catch (error) {
      crashes.push(error);
      const { redeliver_seconds } = options;
      if (typeof redeliver_seconds === 'number') post({ ...tick, due_at_ms: time.now() + redeliver_seconds * 1000 }, 0);
    }
  }
  /** A caller's request: what dies in it is a crash too, what is refused is not. */
  async function request<T>(
    of: 'start' | 'cancel' | 'read',
    job_id: string | null,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await seen.invoke(of, job_id, work);
    } catch (error) {
      if (!(error instanceof RequestError)) crashes.push(error);
      throw error;
    }
  }
  const jobOf = (job_id: string): Job => {
    const job = jobs.all.get(job_id);
    if (job === undefined) throw new Error(`no ${job_id}`);
    return job;
  };

  return {
    ports,
    settings,
    remote,
    calls,
    toolCalls,
    reports,
    crashes,
    pending,
    schedules: hearts,
    acknowledged,
    /** Moves the clock, bringing every tick that falls due, in order. */
    advance: time.advance,
    /** Resolves when the clock has been moved on by so much: how a port call is made slow. */
    wait: time.wait,
    jobs: jobs.all,
    events: events.appended,
    published: announcements.published,
    witnessed: seen,
    now: time.now,
    /** Sets our clock alone forward or back, as a machine's clock jumps; time itself goes on as before. */
    jump: time.jump,
    start: async (body: unknown, rest: Partial<StartCall> = {}): Promise<Job> => {
      const call = { owner: 'me', idempotency_key: null, body, ...rest };
      const job = await request('start', null, () => startJob(ports, settings, call));
      acknowledged.add(job.job_id);
      return job;
    },
    cancel: (job_id: string, rest: { owner?: string; remote?: boolean } = {}): Promise<Job> =>
      request('cancel', job_id, () => cancelJob(ports, settings, { owner: 'me', remote: true, job_id, ...rest })),
    read: (job_id: string, rest: { owner?: string; wait_ms?: number } = {}): Promise<JobDescriptor> =>
      request('read', job_id, () => getJob(ports, settings, { owner: 'me', wait_ms: 0, job_id, ...rest })),
    tick: (tick: Tick): Promise<void> => deliver(tick),
    /** What the cloud does every few minutes: a job that goes on or owes something, but has no schedule, gets one and a tick. */
    sweep: async (): Promise<string[]> => {
      const lost = [...jobs.all.values()].filter(
        (job) => (!isTerminal(job) || job.state.owed.length > 0) && !hearts.has(job.job_id),
      );
      for (const job of lost) {
        const first_at_ms = time.now() + 60_000;
        const { heartbeat_seconds: interval_seconds } = job.spec;
        await schedules.create({
          ref: refOf(job),
          interval_seconds,
          first_at_ms,
          end_at_ms: first_at_ms + 7 * 86_400_000,
        });
        await deliver({ ...refOf(job), carrier: 'heartbeat', expected_checks: null, due_at_ms: time.now() });
      }
      return lost.map((job) => job.job_id);
    },
    job: jobOf,
    /** Seconds after the beginning at which the remote side was asked. */
    secondsOf: (part: RemoteCall['part']): number[] =>
      calls.filter((one) => one.part === part).map((one) => (one.at_ms - epoch_ms) / 1000),
    statusCalls: (): number[] =>
      calls.filter((one) => one.part === 'status').map((one) => (one.at_ms - epoch_ms) / 1000),
    /** Types of the events announced, in order. */
    told: (): string[] => announcements.published.map(({ event }) => event.type),
  };
}
export type World = ReturnType<typeof world>;

const partOf = ({ method, url }: HttpCall): RemoteCall['part'] => {
  if (method === undefined || method === 'GET') return url.endsWith('/progress') ? 'progress' : 'status';
  return url.endsWith('/cancel') || method === 'DELETE' ? 'cancel' : 'start';
};

function settingsOf(raw: Record<string, unknown>, watchdog_seconds = 60): Settings {
  const read = readConfiguration(raw);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return {
    kinds: kindsWith(read.configuration.kinds),
    connections: new Map(Object.entries(read.configuration.connections)),
    targets: targetsOf(read.configuration),
    address: { cli_command: 'untildone', base_url: 'http://127.0.0.1:4646' },
    limits: {
      max_active_jobs_per_owner: read.configuration.max_active_jobs_per_owner,
      max_checks_per_job: read.configuration.max_checks_per_job,
      retention_days: 30,
      wait_look_ms: 250,
      watchdog_seconds,
      progress_save_ms: 0,
    },
  };
}
