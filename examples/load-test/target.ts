import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { announceListening, exitWhenTold, refuseToStart, wholeNumber } from './process.ts';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'dies-after-seconds': { type: 'string' },
    'latency-ms': { type: 'string', default: '0' },
    'exit-with-parent': { type: 'boolean', default: false },
  },
});
const latencyMs = wholeNumber('latency-ms', options['latency-ms'], 0, 60_000);
const diesAfter = options['dies-after-seconds'];
const diesAfterSeconds = diesAfter === undefined ? null : wholeNumber('dies-after-seconds', diesAfter, 0, 3600);

let deathIsSet = diesAfterSeconds === null;
const server = createServer(async (_request, response) => {
  if (!deathIsSet && diesAfterSeconds !== null) {
    deathIsSet = true;
    setTimeout(() => process.exit(1), diesAfterSeconds * 1000);
  }
  if (latencyMs > 0) await wait(latencyMs);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"hello":"world"}');
});
server.once('error', (error) => refuseToStart(`the target cannot listen: ${error.message}`));
server.listen(wholeNumber('port', options.port, 0, 65_535), '127.0.0.1', () => announceListening(server));
exitWhenTold({ withParent: options['exit-with-parent'], close: () => server.close() });
