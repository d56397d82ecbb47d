import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createTeller, targetProblem } from '../lib/announce/tell-target.ts';
import { createApi } from '../lib/api/create-api.ts';
import { toolVersion } from '../lib/cli/version.ts';
import type { JobEvent } from '../lib/core/announcement.ts';
import { type Configuration, targetsOf } from '../lib/core/configuration.ts';
import { ConfigError, RequestError } from '../lib/core/errors.ts';
import { openDatabase } from '../lib/embedded/database.ts';
import { examine } from '../lib/embedded/doctor.ts';
import { type Engine, type Observer, startEngine } from '../lib/embedded/engine.ts';
import { kindsWith } from '../lib/kinds/registry.ts';
import type { Settings } from '../lib/ports.ts';
import { createHttpTransport } from '../lib/transports/http-transport.ts';
import { createLocalSecrets } from '../lib/transports/local-secrets.ts';
import { createDispatchers } from '../lib/transports/safe-connect.ts';
import { checkSecrets } from './check-secrets.ts';

export type EmbeddedServerOptions = {
  configuration: Configuration;
  /** What `file:` references are relative to. */
  configuration_directory: string;
  data_directory: string;
  host: string;
  /** 0: any free one. */
  port: number;
  env: NodeJS.ProcessEnv;
  observer: Observer;
  /** Hears of faults of ours. */
  log: (line: string) => void;
};

/** The engine behind its HTTP API. `close` lets what is under way end. */
export type EmbeddedServer = { url: string; engine: Engine; settings: Settings; close(): Promise<void> };

const owner = 'local';
const loopback = new Set(['127.0.0.1', 'localhost', '::1']);

/** Plugs the embedded engine together and listens. Throws ConfigError for what an operator must mend: configuration, secrets, file, address. */
export async function openEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { configuration, env, host } = options;
  const token = env['UNTILDONE_TOKEN'] === '' ? undefined : env['UNTILDONE_TOKEN'];
  if (token === undefined && !loopback.has(host))
    throw new ConfigError(
      `--host ${host} can be reached by others, and nothing would keep them out; set UNTILDONE_TOKEN, or listen on 127.0.0.1`,
    );
  const secrets = createLocalSecrets({ environment: env, base_directory: options.configuration_directory });
  await checkSecrets(configuration, secrets);
  const server = createAdaptorServer({ fetch: (request: Request) => app.fetch(request) });
  const url = await listen(server, options);

  const settings = settingsOf(configuration, url);
  const transports = {
    http: createHttpTransport({ connections: settings.connections, secrets, clock: { now: Date.now } }),
  };
  const dispatchers = createDispatchers();
  const tell = createTeller({ targets: settings.targets, secrets, dispatchers, now: Date.now });
  let engine: Engine;
  try {
    engine = startEngine({
      database: openDatabase(options.data_directory),
      settings,
      transports,
      observer: options.observer,
      tell,
    });
  } catch (error) {
    server.close();
    throw error;
  }
  const doctor = (what: { send_test: boolean }) =>
    examine(
      {
        settings,
        transports,
        targetProblem: (target) => targetProblem(target, secrets),
        sendTest: async (name) =>
          (await tell(name, testEvent(name))) ??
          ({ outcome: 'failed', gone: true, error: 'not configured', retry_after_seconds: null } as const),
      },
      what,
    );
  const app = createApi({
    ports: engine.ports,
    settings,
    engine: 'embedded',
    version: toolVersion,
    ownerOf: (context) => admit(context.req.header('authorization'), token),
    doctor,
    open_health: true,
    log: (message, { method, path, error }) =>
      options.log(
        `${message} (${method} ${path}): ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ),
    ...(token === undefined ? { allowed_hosts: [...loopback] } : {}),
  });
  return {
    url,
    engine,
    settings,
    close: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        if ('closeIdleConnections' in server) server.closeIdleConnections();
        // Long polls are held for 25 s at most, but nobody who stops a server wants to wait for them.
        if ('closeAllConnections' in server) setTimeout(() => server.closeAllConnections(), 500).unref();
      });
      await engine.stop();
      await Promise.all([transports.http.close(), dispatchers.close()]);
    },
  };
}

function settingsOf(configuration: Configuration, base_url: string): Settings {
  const { cli_command, max_active_jobs_per_owner, max_checks_per_job, retention_days } = configuration;
  return {
    kinds: kindsWith(configuration.kinds),
    connections: new Map(Object.entries(configuration.connections)),
    targets: targetsOf(configuration),
    address: { cli_command, base_url },
    limits: { max_active_jobs_per_owner, max_checks_per_job, retention_days, wait_look_ms: 100, progress_save_ms: 0 },
  };
}

function listen(
  server: ReturnType<typeof createAdaptorServer>,
  { host, port }: EmbeddedServerOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const taken = 'code' in error && error.code === 'EADDRINUSE';
      reject(
        new ConfigError(
          taken
            ? `port ${port} on ${host} is taken, perhaps by another untildone; stop it or give another --port`
            : `cannot listen on ${host}:${port}: ${error.message}`,
          { cause: error },
        ),
      );
    });
    server.listen(port, host, () => {
      // Only pipes and sockets of the file system have other addresses.
      const address = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${address.port}`);
    });
  });
}

function admit(authorization: string | undefined, token: string | undefined): string {
  if (token === undefined) return owner;
  const given = Buffer.from(authorization?.replace(/^Bearer +/i, '') ?? '');
  const wanted = Buffer.from(token);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return owner;
  throw new RequestError(
    'UNAUTHENTICATED',
    'this server wants "Authorization: Bearer" with its token; set UNTILDONE_TOKEN',
  );
}

/** What `doctor --send-test` sends: a settled job that never was, and says so. */
function testEvent(target: string): JobEvent {
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
      message: `This is a test of the target "${target}". No job has ended.`,
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
