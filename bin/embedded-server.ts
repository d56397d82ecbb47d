import { setTimeout as sleep } from 'node:timers/promises';
import { createTeller } from '../lib/announce/tell-target.ts';
import { type Configuration, targetsOf } from '../lib/core/configuration.ts';
import { ConfigError } from '../lib/core/errors.ts';
import { openDatabase } from '../lib/embedded/database.ts';
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

/** The engine behind its HTTP API. */
export type EmbeddedServer = {
  url: string;
  engine: Engine;
  settings: Settings;
  /** Resolves when the API is loaded; who asks before waits for it. Jobs are checked all the while. */
  answering: Promise<void>;
  /** Lets what is under way end. */
  close(): Promise<void>;
};

/** How long the API waits for the overdue checks to be answered: while it is loaded nothing else moves, ms. */
const headStartMs = 250;
const loopback = new Set(['127.0.0.1', 'localhost', '::1']);

/** Plugs the embedded engine together and listens. Throws ConfigError for what an operator must mend: configuration, secrets, file, address. */
export async function openEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { configuration, env, host } = options;
  const token = env['UNTILDONE_TOKEN'] === '' ? undefined : env['UNTILDONE_TOKEN'];
  if (token === undefined && !loopback.has(host))
    throw new ConfigError(
      `--host ${host} can be reached by others, and nothing would keep them out; set UNTILDONE_TOKEN, or listen on 127.0.0.1`,
    );
  // A copy: to ask the system for a variable costs each check a little.
  const secrets = createLocalSecrets({ environment: { ...env }, base_directory: options.configuration_directory });
  await checkSecrets(configuration, secrets);
  const listener = await listen(options);

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
  const caughtUp = Promise.withResolvers<void>();
  let overdue = 0;
  let engine: Engine;
  try {
    engine = startEngine({
      database: openDatabase(options.data_directory),
      settings,
      transports,
      observer: {
        ...options.observer,
        tick: (tick, result) => {
          overdue -= 1;
          if (overdue <= 0) caughtUp.resolve();
          options.observer.tick(tick, result);
        },
      },
      tell,
    });
  } catch (error) {
    await listener.close();
    throw error;
  }
  const answering = loadApi();
  async function loadApi(): Promise<void> {
    const now_ms = Date.now();
    overdue = [...engine.active()].filter(({ state }) => state.next_check_at_ms <= now_ms).length;
    if (overdue > 0) await Promise.race([caughtUp.promise, sleep(headStartMs, undefined, { ref: false })]);
    const { embeddedApi } = await import('./embedded-api.ts');
    // Until then a job that is there might not be found.
    await engine.ready;
    const allowed_hosts = token === undefined ? [...loopback] : undefined;
    const { log } = options;
    listener.answerWith(
      embeddedApi({ engine, settings, transports, secrets, tell, token, allowed_hosts, sleep: listener.sleep, log }),
    );
  }
  async function close(): Promise<void> {
    await listener.close();
    await engine.stop();
    await Promise.all([transports.http.close(), transports.mcp.close(), tokens.close(), dispatchers.close()]);
  }
  let closed: Promise<void> | undefined;
  try {
    await engine.ready;
  } catch (error) {
    answering.catch(() => undefined);
    await close();
    throw error;
  }
  return {
    url: listener.url,
    engine,
    settings,
    answering,
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
