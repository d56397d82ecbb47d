import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { lines } from '../../bin/serve.ts';
import { createTeller } from '../../lib/announce/tell-target.ts';
import type { Job } from '../../lib/core/job.ts';
import { openDatabase } from '../../lib/embedded/database.ts';
import { startEngine } from '../../lib/embedded/engine.ts';
import { createLocalTokenKeeping } from '../../lib/embedded/token-keeping.ts';
import { getJob } from '../../lib/flow/get-job.ts';
import { startJob } from '../../lib/flow/start-job.ts';
import { createHttpTransport } from '../../lib/transports/http-transport.ts';
import { createLocalSecrets } from '../../lib/transports/local-secrets.ts';
import { createMcpTransport, type McpLimits } from '../../lib/transports/mcp-transport.ts';
import { createTokenSources } from '../../lib/transports/oauth/token-sources.ts';
import { createUndiciDispatchers } from '../../lib/transports/undici-dispatchers.ts';
import { settingsOf } from '../embedded/engine-world.ts';
import { answer, startFaultServer } from '../support/fault-server.ts';
import { fsyncAtOnce } from '../support/fsync-at-once.ts';
import { type GuardedOptions, guardedOctoperf } from '../support/guarded-octoperf.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { octoperfBodies } from '../support/octoperf-world.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export type McpFaultWorldOptions = Omit<GuardedOptions, 'now'> & { limits?: Partial<McpLimits> };
export type McpFaultWorld = Awaited<ReturnType<typeof mcpFaultWorld>>;

const owner = 'local';
const loopback = { allow_http: true, allow_private_network: true };
const every = ['settled', 'failing', 'blocked', 'unreachable', 'reachable', 'overdue'];

/**
 * The embedded engine as it is served (SQLite, flow, tokens, webhook, log lines) with OctoPerf behind a layer of faults; only
 * time is moved by hand. Close it.
 */
export async function mcpFaultWorld({ limits, ...options }: McpFaultWorldOptions = {}) {
  const timers = manualTimers();
  const octoperf = await guardedOctoperf({ now: timers.now, ...options });
  const hooks = await startFaultServer(() => answer(204));
  const directory = temporaryDirectory();
  const data_directory = join(directory.path, 'data');
  mkdirSync(data_directory);
  octoperf.remote.knobs.results_per_run = 2;
  writeFileSync(join(directory.path, 'grant'), octoperf.authorization.grant());
  const auth = { type: 'oauth2-refresh-token', client_id: 'public', refresh_token: 'file:grant' };
  const settings = settingsOf({
    connections: { tools: { transport: 'mcp', url: octoperf.url, auth, ...loopback } },
    announce: { webhooks: [{ name: 'ops', url: `${hooks.origin}/hook`, secret: 'env:HOOK', on: every, ...loopback }] },
  });
  const secrets = createLocalSecrets({ environment: { HOOK: 'the-key-of-the-hook' }, base_directory: directory.path });
  const log: string[] = [];
  const clock = { now: timers.now, sleep: timers.wait };
  const openDispatchers = createUndiciDispatchers;
  const tokens = createTokenSources({
    secrets,
    // Its files stand apart from the data: they are where tokens belong.
    keeping: createLocalTokenKeeping({ base_directory: directory.path, data_directory: directory.path }),
    openDispatchers,
    clock,
    tell: ({ message }) => void log.push(message),
  });
  const outward = { secrets, clock, openDispatchers, openTokens: tokens.open, connections: settings.connections };
  const http = createHttpTransport(outward);
  const mcp = createMcpTransport({ ...outward, ...(limits === undefined ? {} : { limits }) });
  const dispatchers = createUndiciDispatchers();
  const tell = createTeller({ targets: settings.targets, secrets, dispatchers, now: timers.now });

  const underWay = new Set<Promise<unknown>>();
  let overlapping = 0;
  const watched = <Result>(work: Promise<Result>): Promise<Result> => {
    const one = work.finally(() => underWay.delete(one));
    underWay.add(one);
    return one;
  };
  let calls = 0;
  const call: typeof mcp.call = (request) => {
    if (calls > 0) overlapping += 1;
    calls += 1;
    return watched(mcp.call(request)).finally(() => {
      calls -= 1;
    });
  };
  const engine = startEngine({
    database: openDatabase(data_directory, { fsync: fsyncAtOnce }),
    settings,
    transports: { http, mcp: { call } },
    timers,
    tell: (target, event) => {
      const told = tell(target, event);
      return told === undefined ? undefined : watched(told);
    },
    observer: lines((line) => void log.push(line)),
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

  const errors: unknown[] = [];
  let job_id = '';
  /** The one job of this world. */
  async function job(): Promise<Job> {
    const { jobs } = await engine.ports.jobs.list({ owner, limit: 10 });
    expect(jobs).toHaveLength(1);
    const [only] = jobs;
    if (only === undefined) throw new Error('there is no job');
    job_id = only.job_id;
    return only;
  }
  const requests = (): number => octoperf.requests.length + octoperf.authorization.asked.length;

  /** Every place that somebody reads or keeps, as text. */
  async function places(): Promise<Record<string, string>> {
    const { events } = await engine.ports.events.list({ owner, cursor: null, limit: 1000 });
    const files = readdirSync(data_directory).map((name) => readFileSync(join(data_directory, name), 'latin1'));
    const descriptor = await getJob(engine.ports, settings, { owner, job_id, wait_ms: 0 });
    return {
      database: files.join(),
      log: log.join('\n'),
      inbox: JSON.stringify(events),
      descriptor: JSON.stringify(descriptor),
      webhooks: JSON.stringify(hooks.seen),
      errors: errors.map((error) => `${String(error)} ${JSON.stringify(error)}`).join('\n'),
    };
  }
  return {
    ...octoperf,
    engine,
    advance,
    job,
    /** Hands the load test over; what the request is refused with is kept. */
    start: async (body: object = {}): Promise<void> => {
      const request = octoperfBodies.scenario({ expected_seconds: 30, timeout_seconds: 200, ...body });
      await startJob(engine.ports, settings, { owner, idempotency_key: null, body: request }).catch(
        (error: unknown) => void errors.push(error),
      );
      await rest();
    },
    /** Why the job ended: `complete`, or its reason. */
    end: async (): Promise<string> => {
      const { state } = await job();
      return state.reason ?? state.status;
    },
    /** The row of zeros. `starts`: how often `run_scenario` may have been sent. */
    expectZeros: async (starts = 1): Promise<void> => {
      const { state } = await job();
      expect(state).toMatchObject({ settled_at_ms: expect.any(Number), owed: [] });
      const before = requests();
      await advance(3600, 60);
      const found = await places();
      // What is searched is there to be found.
      for (const place of ['database', 'log', 'inbox', 'descriptor', 'webhooks'])
        expect(found[place]).toContain(job_id);
      const issued = octoperf.authorization.issued();
      const leaks = Object.keys(found).filter((place) => issued.some((token) => found[place]?.includes(token)));
      expect({
        'calls after the end': requests() - before,
        'overlapping checks': overlapping,
        'starters called twice': octoperf.posts('run_scenario') > starts,
        'runs begun twice': octoperf.remote.count('run_scenario') > 1,
        'requests to a foreign host': octoperf.foreign.connections().accepted,
        'schedules left behind': engine.schedules(),
        'places with a secret': leaks,
        'tokens issued': issued.length > 0,
        'ends told': hooks.seen.filter(({ body }) => body.includes('"type":"job.settled"')).length,
      }).toEqual({
        'calls after the end': 0,
        'overlapping checks': 0,
        'starters called twice': false,
        'runs begun twice': false,
        'requests to a foreign host': 0,
        'schedules left behind': 0,
        'places with a secret': [],
        'tokens issued': true,
        'ends told': 1,
      });
    },
    close: async (): Promise<void> => {
      await engine.stop();
      await Promise.all([http.close(), mcp.close(), tokens.close(), dispatchers.close()]);
      await Promise.all([octoperf.close(), hooks.close()]);
      directory.remove();
    },
  };
}
