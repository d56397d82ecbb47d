import { fileURLToPath } from 'node:url';
import { serve } from '../bin/serve.ts';
import { type OwnProcess, startOwnProcess } from './own-process.ts';

/*
 * `npm start`: the embedded engine with examples/untildone.config.json, and what it watches there: the example
 * load-test service and a server to test.
 */

const servicePort = 4700; // the connection of examples/untildone.config.json
const targetPort = 4711;
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const started: OwnProcess[] = [];

async function start(script: string, options: readonly string[]): Promise<OwnProcess> {
  const one = await startOwnProcess(script, options);
  started.push(one);
  return one;
}

const input = (name: string, seconds: number): string =>
  JSON.stringify({ name, url: `http://127.0.0.1:${targetPort}/`, duration_seconds: seconds });

/** Commands that work as printed, in another terminal in this folder. */
function guide(url: string): void {
  const endpoint = url === 'http://127.0.0.1:4646' ? '' : `UNTILDONE_ENDPOINT=${url} `;
  const body = `{"kind":"load-test","connection":"load-test","name":"checkout","expected_seconds":20,"input":${input('checkout', 20)}}`;
  say(`
Hand over a load test that really runs, in another terminal:

  curl -s ${url}/v1/jobs -H 'content-type: application/json' -d '${body}'

  ${endpoint}npx --no-install untildone job start --kind load-test --connection load-test --name search --expected-seconds 30 --input '${input('search', 30)}'

Or the same service behind OctoPerf's MCP tools:

  ${endpoint}npx --no-install untildone job start --kind octoperf-scenario --connection load-test-mcp --name scenario --input '{"scenarioId":"checkout"}'

What happened is told here and kept in the inbox: ${url}/v1/events
`);
}

try {
  await start('load-test/server.ts', ['--port', String(servicePort)]);
  await start('load-test/target.ts', ['--port', String(targetPort), '--latency-ms', '5']);
  const config = fileURLToPath(new URL('./untildone.config.json', import.meta.url));
  const port = Number(process.env['PORT'] ?? 4646);
  const cli_command = 'npx --no-install untildone';
  process.exitCode = await serve(
    { host: '127.0.0.1', port, data_dir: '.untildone', config, env: process.env, cli_command },
    guide,
  );
} catch (error) {
  say(`npm start: ${error instanceof Error ? error.message : String(error)}`);
  say(`It needs the ports ${servicePort} and ${targetPort} for the load-test service and the server to test.`);
  process.exitCode = 1;
} finally {
  await Promise.all(started.map((one) => one.stop()));
  process.exit();
}
