import { timingSafeEqual } from 'node:crypto';
import { createTeller, targetProblem } from '../lib/announce/tell-target.ts';
import { testEvent } from '../lib/announce/test-event.ts';
import { allRoutes } from '../lib/api/all-routes.ts';
import type { ApiOptions } from '../lib/api/api-options.ts';
import { createApi } from '../lib/api/create-api.ts';
import { loadMcp } from '../lib/api/load-mcp.ts';
import { toolVersion } from '../lib/cli/version.ts';
import { type Configuration, targetsOf } from '../lib/core/configuration.ts';
import { ConfigError, RequestError } from '../lib/core/errors.ts';
import { openDatabase } from '../lib/embedded/database.ts';
import { examine } from '../lib/embedded/doctor.ts';
import { type Engine, type Observer, startEngine } from '../lib/embedded/engine.ts';
import { kindsWith } from '../lib/kinds/registry.ts';
import type { Settings } from '../lib/ports.ts';
import { createHttpTransport } from '../lib/transports/http-transport.ts';
import { createLocalSecrets } from '../lib/transports/local-secrets.ts';
import { createMcpTransport } from '../lib/transports/mcp-transport.ts';
import { tokensLater } from '../lib/transports/tokens-later.ts';
import { createUndiciDispatchers } from '../lib/transports/undici-dispatchers.ts';
import { checkSecrets } from './check-secrets.ts';
import { listen } from './listen.ts';

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
  const listener = await listen((request) => app.fetch(request), options);

  const settings = settingsOf(configuration, listener.url);
  const openDispatchers = createUndiciDispatchers;
  const tokens = tokensLater(async () => (await import('./open-tokens.ts')).openLocalTokens(options, secrets));
  const outward = { secrets, clock: { now: Date.now }, openDispatchers, openTokens: tokens.open };
  const transports = {
    http: createHttpTransport({ ...outward, connections: settings.connections }),
    mcp: createMcpTransport({ ...outward, connections: settings.connections }),
  };
  const dispatchers = createUndiciDispatchers();
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
    await listener.close();
    throw error;
  }
  const doctor = (what: { send_test: boolean }) =>
    examine(
      {
        settings,
        transports,
        targetProblem: (target) => targetProblem(target, secrets),
        sendTest: async (name) =>
          (await tell(name, testEvent(`the target "${name}"`))) ??
          ({ outcome: 'failed', gone: true, error: 'not configured', retry_after_seconds: null } as const),
      },
      what,
    );
  const served: ApiOptions = {
    ports: { ...engine.ports, clock: { ...engine.ports.clock, sleep: listener.sleep } },
    settings,
    engine: 'embedded',
    version: toolVersion,
    ownerOf: (context) => admit(context.req.header('authorization'), token),
    doctor,
    mcp: loadMcp,
    open_health: true,
    log: (message, { method, path, error }) =>
      options.log(
        `${message} (${method} ${path}): ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ),
    ...(token === undefined ? { allowed_hosts: [...loopback] } : {}),
  };
  const app = createApi(served, allRoutes);
  async function close(): Promise<void> {
    await listener.close();
    await engine.stop();
    await Promise.all([transports.http.close(), transports.mcp.close(), tokens.close(), dispatchers.close()]);
  }
  let closed: Promise<void> | undefined;
  return {
    url: listener.url,
    engine,
    settings,
    close: () => {
      closed ??= close();
      return closed;
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
    limits: {
      max_active_jobs_per_owner,
      max_checks_per_job,
      retention_days,
      wait_look_ms: 100,
      watchdog_seconds: 60,
      progress_save_ms: 0,
    },
  };
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
