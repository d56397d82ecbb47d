import { cpSync } from 'node:fs';
import { readConfiguration, targetsOf } from '../../lib/core/configuration.ts';
import type { JobDescriptor } from '../../lib/core/descriptor.ts';
import type { Job } from '../../lib/core/job.ts';
import type { HttpCall } from '../../lib/core/kind.ts';
import type { Observation } from '../../lib/core/observation.ts';
import { type Database, openDatabase } from '../../lib/embedded/database.ts';
import { type Engine, startEngine } from '../../lib/embedded/engine.ts';
import type { Attempt } from '../../lib/embedded/sqlite-announcements.ts';
import type { Timers } from '../../lib/embedded/timers.ts';
import { cancelJob } from '../../lib/flow/cancel-job.ts';
import { getJob } from '../../lib/flow/get-job.ts';
import type { TickReport } from '../../lib/flow/run-tick.ts';
import { startJob } from '../../lib/flow/start-job.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import type { JobEvent, Settings, Tick } from '../../lib/ports.ts';
import { fsyncAtOnce } from '../support/fsync-at-once.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { noTools } from '../support/no-tools.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { adoptBody, answers } from '../support/world.ts';

export type RemoteCall = { at_ms: number; part: 'start' | 'status' | 'cancel'; url: string };
export type Told = { at_ms: number; target: string; event_id: string; body: string };

export type EngineWorldOptions = { configuration?: Record<string, unknown> };

const everything = ['settled', 'failing', 'blocked', 'unreachable', 'reachable', 'overdue'];
const hook = (name: string) => ({ name, url: `https://hooks.example.com/${name}`, secret: 'env:HOOK', on: everything });
const owner = 'me';

export const settingsOf = (raw: Record<string, unknown>): Settings => {
  const read = readConfiguration({
    connections: { ci: { transport: 'http', url: 'https://ci.example.com' } },
    announce: { webhooks: [hook('ops')] },
    ...raw,
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const { configuration } = read;
  return {
    kinds: kindsWith(configuration.kinds),
    connections: new Map(Object.entries(configuration.connections)),
    targets: targetsOf(configuration),
    address: { cli_command: 'untildone', base_url: 'http://127.0.0.1:4646' },
    limits: { ...configuration, wait_look_ms: 100, watchdog_seconds: 60, progress_save_ms: 0 },
  };
};

/** Webhook targets of these names, for `configuration.announce`. */
export const hooks = (...names: string[]) => ({ webhooks: names.map(hook) });
/** Adopts the remote job `/runs/NUMBER`. */
export const adopt = (number: number, rest: Record<string, unknown> = {}) =>
  adoptBody({
    handle: {
      status: { url: `/runs/${number}` },
      cancel: { method: 'POST', url: `/runs/${number}/cancel` },
    },
    first_check: 'later',
    ...rest,
  });
/** No answer to this will come. */
const never = new Promise<never>(() => undefined);

/** The embedded engine on a real file, with clocks moved by hand, a scripted remote side and scripted targets. It can be stopped, or killed, and booted again. Close it. */
export function engineWorld(options: EngineWorldOptions = {}) {
  const timers = manualTimers();
  const began_ms = timers.now();
  const directories: TemporaryDirectory[] = [temporaryDirectory()];
  const calls: RemoteCall[] = [];
  const told: Told[] = [];
  const logged: { event: JobEvent[]; ticks: { tick: Tick; result: TickReport | Error }[] } = { event: [], ticks: [] };
  const databases: Database[] = [];
  let settings = settingsOf(options.configuration ?? {});
  const script = {
    start: (_call: HttpCall): Observation => answers({ id: '1' }, { http_status: 202 }),
    status: (_url: string, _number: number): Observation => answers({ state: 'RUNNING' }),
    cancel: (_url: string): Observation => answers({}, { http_status: 202 }),
    /** How long the remote side takes, ms. */
    takes_ms: (_part: RemoteCall['part']): number => 0,
    tell: (_target: string, _event: JobEvent, _number: number): Attempt | Promise<Attempt> => ({
      outcome: 'delivered',
    }),
  };
  let life = boot();

  async function ask({ method = 'GET', url }: HttpCall): Promise<Observation> {
    const part = method === 'GET' ? 'status' : url.endsWith('/cancel') ? 'cancel' : 'start';
    calls.push({ at_ms: timers.now(), part, url });
    const mine = life;
    const number = calls.filter((call) => call.part === part && call.url === url).length;
    const answer = part === 'start' ? script.start({ url }) : script[part](url, number);
    const takes_ms = script.takes_ms(part);
    if (takes_ms > 0) await timers.wait(takes_ms);
    return mine.alive ? answer : never;
  }
  function boot() {
    const life = { alive: true };
    const ours: Timers = { ...timers, after: (ms, run) => timers.after(ms, () => life.alive && run()) };
    const database = openDatabase(directories.at(-1)?.path ?? '', { fsync: fsyncAtOnce });
    databases.push(database);
    const engine: Engine = startEngine({
      database,
      settings,
      timers: ours,
      transports: { http: { call: ({ call }) => ask(call) }, mcp: noTools },
      tell: (target, event) => {
        if (!settings.targets.some(({ name }) => name === target)) return undefined;
        told.push({ at_ms: timers.now(), target, event_id: event.event_id, body: JSON.stringify(event) });
        const number = told.filter((one) => one.target === target && one.event_id === event.event_id).length;
        return Promise.resolve(script.tell(target, event, number)).then((attempt) => (life.alive ? attempt : never));
      },
      observer: {
        tick: (tick, result) => void logged.ticks.push({ tick, result }),
        event: (event) => void logged.event.push(event),
        delivery: () => undefined,
      },
    });
    return Object.assign(life, { engine, database });
  }
  const ports = () => life.engine.ports;

  return {
    timers,
    advance: timers.advance,
    script,
    calls,
    told,
    logged,
    engine: () => life.engine,
    database: () => life.database,
    /** Seconds since the beginning at which the remote side was asked for the status of a run. */
    looks: (url = '/runs/1'): number[] =>
      calls.filter((call) => call.part === 'status' && call.url === url).map(({ at_ms }) => (at_ms - began_ms) / 1000),
    start: (body: unknown, idempotency_key: string | null = null): Promise<Job> =>
      startJob(ports(), settings, { owner, idempotency_key, body }),
    cancel: (job_id: string): Promise<Job> => cancelJob(ports(), settings, { owner, job_id, remote: true }),
    read: (job_id: string): Promise<JobDescriptor> => getJob(ports(), settings, { owner, job_id, wait_ms: 0 }),
    inbox: async (): Promise<JobEvent[]> => (await ports().events.list({ owner, cursor: null, limit: 10_000 })).events,
    /** Lets what is under way end, moving the clock for it. */
    stop: async (): Promise<void> => {
      const stopped = life.engine.stop();
      await timers.advance(30);
      await stopped;
      life.alive = false;
    },
    /** kill -9: what is under way is never heard of again, and the next boot finds the file as it is now. */
    kill: async (): Promise<void> => {
      life.alive = false;
      const copy = temporaryDirectory();
      cpSync(directories.at(-1)?.path ?? '', copy.path, { recursive: true });
      directories.push(copy);
      await timers.rest();
    },
    boot: async (configuration?: Record<string, unknown>): Promise<void> => {
      if (configuration !== undefined) settings = settingsOf(configuration);
      life = boot();
      await timers.rest();
    },
    close: async (): Promise<void> => {
      life.alive = false;
      await timers.rest();
      for (const database of databases) database.close();
      for (const directory of directories) directory.remove();
    },
  };
}
export type EngineWorld = ReturnType<typeof engineWorld>;
