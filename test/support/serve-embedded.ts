import { openEmbeddedServer } from '../../bin/embedded-server.ts';
import { readConfiguration } from '../../lib/core/configuration.ts';

// A server process that a test may kill: DIRECTORY UPSTREAM HOOK. Says its address on stdout.
const [directory = '', upstream = '', hook = ''] = process.argv.slice(2);
const read = readConfiguration({
  connections: { ci: { transport: 'http', url: upstream, allow_http: true, allow_private_network: true } },
  announce: {
    webhooks: [{ name: 'ops', url: hook, secret: 'env:HOOK', allow_http: true, allow_private_network: true }],
  },
});
if (!read.ok) throw new Error(JSON.stringify(read.problems));
const quiet = (): void => undefined;
const { url, answering } = await openEmbeddedServer({
  configuration: read.configuration,
  configuration_directory: directory,
  data_directory: directory,
  host: '127.0.0.1',
  port: 0,
  env: { HOOK: 'a-secret-of-the-tests' },
  observer: { tick: quiet, event: quiet, delivery: quiet },
  log: (line) => void process.stderr.write(`${line}\n`),
});
await answering;
process.stdout.write(`${url}\n`);
