import { setImmediate as turn } from 'node:timers/promises';
import { type Connection, readConfiguration, targetsOf } from '../../lib/core/configuration.ts';
import type { Job } from '../../lib/core/job.ts';
import { openDatabase } from '../../lib/embedded/database.ts';
import { type Engine, startEngine } from '../../lib/embedded/engine.ts';
import { cancelJob } from '../../lib/flow/cancel-job.ts';
import { startJob } from '../../lib/flow/start-job.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import type { JobEvent, Settings, Transport } from '../../lib/ports.ts';
import { createHttpTransport } from '../../lib/transports/http-transport.ts';
import { createMcpTransport } from '../../lib/transports/mcp-transport.ts';
import { createUndiciDispatchers } from '../../lib/transports/undici-dispatchers.ts';
import { type Respond, startFaultServer } from '../support/fault-server.ts';
import { fsyncAtOnce } from '../support/fsync-at-once.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** The most a call may take here, really: faults that hang must not hold the tests. */
const call_ms = 250;

/**
 * The embedded engine as it is (SQLite, due queue, flow) with the real HTTP transport to a loopback server that
 * misbehaves; only time is moved by hand. Close it.
 */
export async function realEngineWorld(respond: Respond, connection: Partial<Connection> = {}, mcp_url?: string) {
  const server = await startFaultServer(respond);
  const timers = manualTimers();
  const read = readConfiguration({
    connections: {
      ci: { transport: 'http', url: server.origin, allow_http: true, allow_private_network: true, ...connection },
      ...(mcp_url === undefined
        ? {}
        : { tools: { transport: 'mcp', url: mcp_url, allow_http: true, allow_private_network: true } }),
    },
    announce: {
      webhooks: [
        {
          name: 'ops',
          url: 'https://hooks.example.com',
          secret: 'env:HOOK',
          on: ['settled', 'unreachable', 'reachable'],
        },
      ],
    },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const settings: Settings = {
    kinds: kindsWith([]),
    connections: new Map(Object.entries(read.configuration.connections)),
    targets: targetsOf(read.configuration),
    address: { cli_command: 'untildone', base_url: 'http://127.0.0.1:4646' },
    limits: {
      max_active_jobs_per_owner: 1000,
      max_checks_per_job: 1000,
      retention_days: 30,
      wait_look_ms: 100,
      watchdog_seconds: 60,
      progress_save_ms: 0,
    },
  };
  const http = createHttpTransport({
    connections: settings.connections,
    secrets: { resolve: async () => 'secret' },
    clock: { now: timers.now },
    openDispatchers: createUndiciDispatchers,
    limits: { call_ms },
  });
  const underWay = new Set<Promise<unknown>>();
  let overlapping = 0;
  const mcp = createMcpTransport({
    openDispatchers: createUndiciDispatchers,
    connections: settings.connections,
    secrets: { resolve: async () => 'secret' },
    clock: { now: timers.now },
  });
  const watched = <Call>(transport: Transport<Call>): Transport<Call> => ({
    call: (request) => {
      if (underWay.size > 0) overlapping += 1;
      const call = transport.call(request).finally(() => underWay.delete(call));
      underWay.add(call);
      return call;
    },
  });
  const told: JobEvent[] = [];
  const directory = temporaryDirectory();
  const engine: Engine = startEngine({
    database: openDatabase(directory.path, { fsync: fsyncAtOnce }),
    settings,
    transports: { http: watched(http), mcp: watched(mcp) },
    timers,
    tell: async (_target, event) => {
      told.push(event);
      return { outcome: 'delivered' };
    },
    observer: { tick: () => undefined, event: () => undefined, delivery: () => undefined },
  });

  /** Lets calls end (really) and what they lead to be written. */
  async function rest(): Promise<void> {
    await timers.rest();
    while (underWay.size > 0) {
      await Promise.allSettled([...underWay]);
      await turn();
      await timers.rest();
    }
  }
  async function advance(seconds: number, step_seconds = 1): Promise<void> {
    for (let passed = 0; passed < seconds; passed += step_seconds) {
      await timers.advance(step_seconds);
      await rest();
    }
  }
  return {
    server,
    engine,
    told,
    rest,
    advance,
    overlapping: () => overlapping,
    start: (body: unknown): Promise<Job> =>
      startJob(engine.ports, settings, { owner: 'local', idempotency_key: null, body }),
    cancel: (job_id: string): Promise<Job> =>
      cancelJob(engine.ports, settings, { owner: 'local', job_id, remote: true }),
    adopt: (rest_of_body: Record<string, unknown> = {}): Promise<Job> =>
      startJob(engine.ports, settings, { owner: 'local', idempotency_key: null, body: adoption(rest_of_body) }),
    job: async (job_id: string): Promise<Job> => {
      const job = await engine.ports.jobs.load(job_id);
      if (job === undefined) throw new Error(`${job_id} has vanished`);
      return job;
    },
    close: async () => {
      await engine.stop();
      await http.close();
      await mcp.close();
      await server.close();
      directory.remove();
    },
  };
}

const when = (state: string, word: string) => ({
  state,
  matcher: { path: 'state', expected: word, comparator: 'stringEquals' },
});
const adoption = (rest: Record<string, unknown>) => ({
  kind: 'http',
  connection: 'ci',
  expected_seconds: 30,
  handle: { status: { url: '/runs/42' } },
  acceptors: [when('success', 'FINISHED'), when('failure', 'ERROR')],
  paths: { upstream_state: 'state', message: 'error.message' },
  ...rest,
});
