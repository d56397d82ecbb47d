import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedServer, openEmbeddedServer } from '../bin/embedded-server.ts';
import { findConfiguration } from '../bin/read-configuration.ts';
import { durationWords, logLine } from '../lib/announce/log-line.ts';
import type { JobEvent } from '../lib/core/announcement.ts';
import type { Configuration } from '../lib/core/configuration.ts';
import type { JobDescriptor } from '../lib/core/descriptor.ts';
import type { Observer } from '../lib/embedded/engine.ts';
import { type OwnProcess, startOwnProcess } from './own-process.ts';
import { startReceiver } from './receiver.ts';

/*
 * Three real load tests, handed over once each: one succeeds, one hits a server that dies two seconds into an expected
 * minute, one is started and watched over MCP. Nothing is scripted: the service fires real requests, the engine looks
 * over HTTP and MCP, the figures are measured, and a receiver checks the signature of each announcement.
 */

const began_ms = Date.now();
const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const stamped = (text: string): void =>
  say(`${paint(2, `${((Date.now() - began_ms) / 1000).toFixed(1).padStart(5)} s`)}  ${text}`);

/** Shows each tick as it happens. */
const audience = (settled: () => void): Observer => ({
  tick: (_tick, result) => {
    if (result instanceof Error) return stamped(`tick failed: ${result.message}`);
    const { job } = result;
    if (job === undefined || result.verdict === undefined) return;
    const { checks, upstream_state, progress_pct, next_check_at_ms, status } = job.state;
    const wait_seconds = Math.round((next_check_at_ms - Date.now()) / 1000);
    const next = status === 'running' ? `next look in ${wait_seconds} s` : 'settled';
    const progress = progress_pct === null ? '' : `${progress_pct} %`;
    const seen = `${(upstream_state ?? '-').padEnd(17)} ${progress.padStart(6)}`;
    stamped(`${(job.spec.name ?? '').padEnd(10)} look ${String(checks).padStart(2)}  ${seen}  ${next}`);
    if (result.outcome === 'settled') settled();
  },
  event: (event) => stamped(paint(event.data.status === 'complete' ? 32 : 31, logLine(event))),
  delivery: (target, _event, attempt) => stamped(`${target} ${attempt.outcome}`),
});

type HandOver = { name: string } & Record<string, unknown>;

/** Hands a job over, as any client would. */
async function handOver(api: string, body: HandOver): Promise<void> {
  const { name } = body;
  const answer = await fetch(`${api}/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `demo-${name}` },
    body: JSON.stringify(body),
  });
  if (!answer.ok)
    throw new Error(`the hand-over of ${name} was answered with HTTP ${answer.status}: ${await answer.text()}`);
  const job = (await answer.json()) as JobDescriptor; // our own server's answer
  const expected = durationWords(job.expected_seconds);
  stamped(`${name.padEnd(10)} handed over (${job.kind}, HTTP ${answer.status}), expected ${expected}`);
}

/** A run of the service over HTTP. */
const overHttp = (name: string, url: string, duration_seconds: number): HandOver => ({
  kind: 'load-test',
  connection: 'load-test',
  name,
  expected_seconds: duration_seconds,
  input: { name, url, duration_seconds },
});

/** A scenario of the service, behind OctoPerf's tools: how long it takes is read there. */
const overMcp = (name: string): HandOver => ({
  kind: 'octoperf-scenario',
  connection: 'load-test-mcp',
  name,
  input: { scenarioId: 'checkout' },
});

/** The announcement as a receiver reads it: outcome first, then the figures the run itself reported. */
function announcement({ data }: Pick<JobEvent, 'data'>): string {
  const took_seconds = (Date.parse(data.settled_at ?? '') - Date.parse(data.started_at)) / 1000;
  const title = `${data.name}: told after ${took_seconds.toFixed(1)} s of an expected ${data.expected_seconds} s, ${data.checks} looks`;
  const { status, reason, message, result, next_step } = data;
  return `${paint(1, title)}\n${JSON.stringify({ status, reason, message, result, next_step }, null, 2)}\n`;
}

/** The connections of the example, where its service listens this time. */
const onFreePort = (connections: Connections, service: string): Connections =>
  Object.fromEntries(
    Object.entries(connections).map(([name, one]) => [
      name,
      { ...one, url: new URL(new URL(one.url).pathname, service).href },
    ]),
  );
type Connections = Configuration['connections'];

say(
  'untildone demo: three real load tests, watched to their end over HTTP and MCP. Free ports, a temporary directory, nothing left behind.',
);
const directory = mkdtempSync(join(tmpdir(), 'untildone-demo-'));
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const heard: Pick<JobEvent, 'data'>[] = [];
const allHeard = Promise.withResolvers<void>();
const allSettled = Promise.withResolvers<void>();
let settled = 0;
const stops: (() => Promise<void>)[] = [];
const kept = async <T extends OwnProcess>(starting: Promise<T>): Promise<T> => {
  const one = await starting;
  stops.push(one.stop);
  return one;
};
try {
  const [healthy, mortal, receiver] = await Promise.all([
    kept(startOwnProcess('load-test/target.ts', ['--latency-ms', '5'])),
    kept(startOwnProcess('load-test/target.ts', ['--latency-ms', '5', '--dies-after-seconds', '2'])),
    kept(startReceiver(secret, (event) => heard.push(event) === 3 && allHeard.resolve())),
  ]);
  const service = await kept(startOwnProcess('load-test/server.ts', ['--target', healthy.url]));
  const found = findConfiguration(new URL('./untildone.config.json', import.meta.url).pathname);
  const server: EmbeddedServer = await openEmbeddedServer({
    configuration: {
      ...found.configuration,
      connections: onFreePort(found.configuration.connections, service.url),
      announce: {
        webhooks: [
          {
            name: 'receiver',
            url: receiver.url,
            secret: 'env:DEMO_SECRET',
            on: ['settled'],
            allow_http: true,
            allow_private_network: true,
          },
        ],
        slack: [],
        email: [],
      },
    },
    configuration_directory: directory,
    data_directory: directory,
    host: '127.0.0.1',
    port: 0,
    env: { DEMO_SECRET: secret },
    observer: audience(() => ++settled === 3 && allSettled.resolve()),
    log: stamped,
  });
  stamped(`engine on ${server.url}, load-test service on ${service.url}, receiver on ${receiver.url}`);
  await handOver(server.url, overHttp('checkout', healthy.url, 12));
  await handOver(server.url, overHttp('search', mortal.url, 60));
  await handOver(server.url, overMcp('scenario'));
  await Promise.all([allSettled.promise, allHeard.promise]);
  const left = server.engine.schedules();
  await server.close();

  say(`\nWhat the receiver heard, signatures checked:\n\n${heard.map(announcement).join('\n')}`);
  say(
    `3 jobs, ${heard.length} announcements, ${left} schedules left behind, ${durationWords((Date.now() - began_ms) / 1000)} in all.`,
  );
  const outcomes = heard
    .map(({ data }) => `${data.name} ${data.status}`)
    .sort()
    .join(', ');
  const wanted = 'checkout complete, scenario complete, search failed';
  if (outcomes !== wanted || left !== 0)
    throw new Error(`wanted "${wanted}" and nothing left behind, got "${outcomes}" and ${left} schedules`);
  say('Yours next: npm start');
} finally {
  await Promise.all(stops.map((stop) => stop()));
  rmSync(directory, { recursive: true, force: true });
}
