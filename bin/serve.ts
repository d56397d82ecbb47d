import { flushCompileCache } from 'node:module';
import { durationWords, logLine } from '../lib/announce/log-line.ts';
import type { ServeOptions } from '../lib/cli/context.ts';
import { ConfigError } from '../lib/core/errors.ts';
import type { Observer } from '../lib/embedded/engine.ts';
import { type EmbeddedServer, openEmbeddedServer } from './embedded-server.ts';
import { findConfiguration } from './read-configuration.ts';

const connectionSnippet = `No connections are configured, so there is nothing to watch yet. Put this into untildone.config.json and start again:

  { "connections": { "ci": { "transport": "http", "url": "https://ci.example.com/api",
                             "auth": { "type": "bearer", "token": "env:CI_TOKEN" } } } }
`;

/** Runs the embedded engine until SIGINT or SIGTERM; what it does goes to stderr, a line each. Resolves with the exit code. `listening` hears the address. */
export async function serve(options: ServeOptions, listening?: (url: string) => void): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  // Listens for the end before anything is open: a signal during start-up must still close what was opened.
  const ended = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => resolve(name));
  });
  let server: EmbeddedServer;
  try {
    const found = findConfiguration(options.config);
    server = await openEmbeddedServer({
      ...found,
      configuration_directory: found.directory,
      data_directory: options.data_dir,
      host: options.host,
      port: options.port,
      env: options.env,
      observer: lines(say),
      log: say,
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    say(`untildone: ${error.message}`);
    for (const { path, message } of error.problems) say(`  ${path}: ${message}`);
    return 78;
  }
  const watched = [...server.engine.active()].length;
  say(
    `untildone listens on ${server.url} (data in ${options.data_dir}${watched === 0 ? '' : `, ${watched} job${watched === 1 ? '' : 's'} taken up again`})`,
  );
  if (server.settings.connections.size === 0) say(connectionSnippet);
  listening?.(server.url);
  const signal = await Promise.race([ended, server.answering.then(keepCompiled).then(() => ended)]);
  const began_ms = Date.now();
  say(`untildone: ${signal}, letting what is under way end (once more ends it at once; nothing acknowledged is lost)`);
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => process.exit(name === 'SIGINT' ? 130 : 143));
  await server.close();
  say(
    `untildone: stopped after ${durationWords((Date.now() - began_ms) / 1000)}; running jobs go on at the next start`,
  );
  return 0;
}

/** Node writes its compile cache when a process ends by itself; one that is killed shall find it when it comes back. Nothing where there is none. */
function keepCompiled(): void {
  flushCompileCache();
}

/** The log as a target: every event is a line, and so are failed deliveries and faults. Ticks that see nothing new are silent. */
export function lines(say: (line: string) => void): Observer {
  const stamped = (line: string): void => say(`${new Date().toISOString()} ${line}`);
  return {
    tick: (tick, result) => {
      if (result instanceof Error) stamped(`tick of ${tick.job_id} failed, and will be made again: ${result.message}`);
    },
    event: (event) => stamped(logLine(event)),
    delivery: (target, event, attempt, attempts) => {
      if (attempt.outcome === 'failed')
        stamped(`${target} did not take ${event.event_id} (attempt ${attempts}): ${attempt.error}`);
    },
  };
}
