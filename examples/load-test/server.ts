import { parseArgs } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './app.ts';
import { createBench } from './bench.ts';
import { createExports } from './exports.ts';
import { isLoopbackHost, whyNotATarget } from './loopback.ts';
import { announceListening, exitWhenTold, refuseToStart, wholeNumber } from './process.ts';
import { createRuns } from './runs.ts';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    'max-runs': { type: 'string', default: '4' },
    'max-kept': { type: 'string', default: '1000' },
    'token-env': { type: 'string' },
    target: { type: 'string', default: 'http://127.0.0.1:4711/' },
    'exit-with-parent': { type: 'boolean', default: false },
  },
});

const tokenEnv = options['token-env'];
const token = tokenEnv === undefined ? null : (process.env[tokenEnv] ?? '');
if (token === '')
  refuseToStart(`--token-env names ${tokenEnv}, which is not set: set it to the token callers have to send`);
if (token === null && !isLoopbackHost(options.host)) {
  refuseToStart(`--host ${options.host} is open to others: give a token with --token-env, or use 127.0.0.1`);
}

const { target } = options;
const noTarget = whyNotATarget(target);
if (noTarget !== null) refuseToStart(`--target ${target} ${noTarget}`);

const maxKept = wholeNumber('max-kept', options['max-kept'], 1, 100_000);
const runs = createRuns({ maxActive: wholeNumber('max-runs', options['max-runs'], 1, 16), maxKept });
const keptByTools = Math.max(100, maxKept); // the runs of one scenario stay together
const bench = createBench(runs, { target, maxKept: keptByTools });
const exports = createExports(bench, { maxKept: keptByTools });
const app = createApp(
  {
    runs,
    exports,
    openMcp: async (guarded) => (await import('./mcp.ts')).createMcpFace({ bench, exports }, guarded),
  },
  token,
);
const server = createAdaptorServer({ fetch: app.fetch });
server.once('error', (error) => refuseToStart(`the service cannot listen: ${error.message}`));
server.listen(wholeNumber('port', options.port, 0, 65_535), options.host, () => announceListening(server));
exitWhenTold({
  withParent: options['exit-with-parent'],
  close() {
    runs.stopAll();
    server.close();
  },
});
