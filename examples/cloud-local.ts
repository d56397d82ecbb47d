import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gateOf, tokenOf } from '../test/cloud/local/gate-of.ts';
import type { LogLine } from '../test/cloud/local/lambda-host.ts';
import { startLocalCloud } from '../test/cloud/local/local-cloud.ts';
import { synthesize } from '../test/cloud/local/synthesize.ts';
import { runningTime } from '../test/cloud/scheduler/time.ts';
import { type OwnProcess, startOwnProcess } from './own-process.ts';

/*
 * `npm run cloud:local`: the cloud engine on this machine, without an account. The synthesized stack is booted on servers
 * that stand for AWS; its own bundles run in Lambda's own runtime client, each with no more rights than its role has.
 */

const servicePort = 4700; // the connection of examples/untildone.config.json
const targetPort = 4711;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const usage = `npm run cloud:local [-- --minute-seconds N] [--port N]

  --minute-seconds N   how long a minute of the cloud takes, 1 to 60 real seconds (60). Below 60 everything runs faster:
                       heartbeats, delays of messages, deadlines, and the clocks of the functions; the load test does not.
  --port N             where the API is served (4648, or what PORT says)
`;

/** Reads the flags. Throws for one that is not known, and for a number that would not do. */
function readFlags(): { help: boolean; minute_seconds: number; port: number } {
  const options = {
    help: { type: 'boolean' },
    'minute-seconds': { type: 'string', default: '60' },
    port: { type: 'string', default: process.env['PORT'] ?? '4648' },
  } as const;
  const { values } = parseArgs({ options });
  const within = (name: keyof typeof options, low: number, high: number): number => {
    const given = Number(values[name]);
    if (values[name] === '' || !Number.isInteger(given) || given < low || given > high)
      throw new Error(`--${name} is ${values[name]}; give a whole number from ${low} to ${high}`);
    return given;
  };
  return {
    help: values.help === true,
    minute_seconds: within('minute-seconds', 1, 60),
    port: within('port', 1, 65_535),
  };
}

/** The flags; ends here when they only ask for help, or are wrong. */
function flagsOrEnd(): { minute_seconds: number; port: number } {
  try {
    const { help, ...flags } = readFlags();
    if (!help) return flags;
    say(usage);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`npm run cloud:local: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

const { minute_seconds, port } = flagsOrEnd();
const speed = 60 / minute_seconds;
const time = runningTime(minute_seconds * 1000);
const clock = (): string => new Date(time.now()).toISOString().slice(11, 19);
const event = (what: string, text: string): void => say(`${clock()} ${what.padEnd(10)} ${text}`);

/** A function's line as it logs it; of figures, without the frame that CloudWatch wants round them. */
function logged({ function_name, line }: LogLine): void {
  if (line === '') return;
  const name = function_name.replace(/^.*UntilDone|Function[0-9A-F]*$/g, '').toLowerCase();
  event(name, line.includes('"_aws"') ? JSON.stringify({ ...JSON.parse(line), _aws: undefined }) : line);
}

/** Calls back with what has been added to a list since the last time. */
function following<Item>(list: readonly Item[], told: (item: Item) => void): () => void {
  let known = list.length;
  return () => {
    for (const item of list.slice(known)) told(item);
    known = list.length;
  };
}

const directory = mkdtempSync(join(tmpdir(), 'untildone-cloud-'));
const started: OwnProcess[] = [];
try {
  started.push(await startOwnProcess('load-test/server.ts', ['--port', String(servicePort)]));
  started.push(await startOwnProcess('load-test/target.ts', ['--port', String(targetPort), '--latency-ms', '5']));
  say('synthesizing the stack and its bundles …');
  const configuration: unknown = JSON.parse(readFileSync(new URL('untildone.config.json', import.meta.url), 'utf8'));
  synthesize(directory, { configuration, emails: ['you@example.com'] });
  const gate = gateOf(directory, 'Local.template.json');
  const cloud = await startLocalCloud({
    directory,
    authorize: gate.authorize,
    token_of: tokenOf,
    time,
    port,
    onLine: logged,
  });
  const follow = [
    following(cloud.queues.calls, ({ action, resource }) => {
      if (action === 'sqs:SendMessage') event('queued', resource.split(':').at(-1) ?? '');
    }),
    following(cloud.scheduler.firings, ({ name, outcome }) => event('heartbeat', `${name} ${outcome}`)),
    following(cloud.queues.mailbox, ({ endpoint, subject, text }) =>
      event('mail', `to ${endpoint}: ${subject ?? ''}\n${text.replace(/^/gm, '    ')}`),
    ),
  ];
  const looking = setInterval(() => follow.forEach((look) => void look()), 100);
  const input = `{"name":"checkout","url":"http://127.0.0.1:${targetPort}/","duration_seconds":20}`;
  say(`
The cloud engine serves ${cloud.url} (Ctrl-C ends it)${speed === 1 ? '' : `; a minute of it takes ${minute_seconds} s`}. Hand over a load test that really runs, in another terminal:

  curl -s ${cloud.url}/v1/jobs -H 'content-type: application/json' -d '{"kind":"load-test","connection":"load-test","name":"checkout","expected_seconds":${Math.round(20 * speed)},"input":${input}}'

Its ticks, the functions' logs and the mail about its end are shown here.
`);
  await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
  clearInterval(looking);
  await cloud.close();
} catch (error) {
  process.stderr.write(`npm run cloud:local: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(
    `It needs the ports ${servicePort} and ${targetPort}; --port chooses the API's own (${port}).\n`,
  );
  process.exitCode = 1;
} finally {
  await Promise.all(started.map((one) => one.stop()));
  rmSync(directory, { recursive: true, force: true });
  process.exit();
}
