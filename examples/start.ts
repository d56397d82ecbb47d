import { fileURLToPath } from 'node:url';
import { serve } from '../bin/serve.ts';
import { startOwnProcess } from './own-process.ts';

/*
 * `npm start`: the embedded engine with examples/untildone.config.json, and the example load-test service for it to watch.
 */

const servicePort = 4700;
const targetPort = 4711;
const config = fileURLToPath(new URL('./untildone.config.json', import.meta.url));
const port = Number(process.env['PORT'] ?? 4646);
const endpoint = `http://127.0.0.1:${port}`;
const prefix = port === 4646 ? '' : `UNTILDONE_ENDPOINT=${endpoint} `;
const input = (name: string, seconds: number): string =>
  JSON.stringify({ name, url: `http://127.0.0.1:${targetPort}/`, duration_seconds: seconds });

const service = await startOwnProcess('load-test/server.ts', ['--port', String(servicePort)]);
const target = await startOwnProcess('load-test/target.ts', ['--port', String(targetPort), '--latency-ms', '5']);
process.stderr.write(`Load-test service on ${service.url}, a server to test on ${target.url}. In another terminal:

  curl -s ${endpoint}/v1/jobs -H 'content-type: application/json' -d '{"kind":"load-test","connection":"load-test","name":"checkout","expected_seconds":20,"input":${input('checkout', 20)}}'

  ${prefix}npx --no-install untildone job start --kind load-test --connection load-test --name search --expected-seconds 30 --input '${input('search', 30)}'

  Inbox: ${endpoint}/v1/events

`);
const code = await serve({
  host: '127.0.0.1',
  port,
  data_dir: '.untildone',
  config,
  env: process.env,
  cli_command: 'npx --no-install untildone',
});
await Promise.all([service.stop(), target.stop()]);
process.exit(code);
