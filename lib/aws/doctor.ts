import { testEvent } from '../announce/test-event.ts';
import type { DoctorCheck } from '../api/api-options.ts';
import { authReferences } from '../core/auth-references.ts';
import type { Connection } from '../core/configuration.ts';
import { ConfigError, InvariantError, RequestError } from '../core/errors.ts';
import type { Ports, Secrets, Settings } from '../ports.ts';
import { examineConnection, type SeenBy } from '../transports/examine-connection.ts';

export type DeploymentDoctorOptions = {
  ports: Pick<Ports, 'jobs' | 'schedules' | 'ticks' | 'announcements' | 'clock' | 'ids'> & { transports: SeenBy };
  secrets: Secrets;
  settings: Pick<Settings, 'connections' | 'kinds' | 'targets'>;
  /** As the function's environment has them, for messages. */
  names: { table: string; schedule_group: string; tick_queue: string; topic: string };
};

const day_ms = 86_400_000;
/** Compares what is deployed with what should be; it changes nothing. */
const compare = 'npx --no-install cdk diff';

/**
 * Looks at a deployment by doing what the start function does, with its rights and no others, for a job that there is not:
 * reading it, making and deleting its schedule, sending its tick, which poll drops. Then every connection, and every secret
 * of one. With `send_test` one event goes to the topic and all targets. Nothing secret is in what it says.
 */
export async function examineDeployment(
  options: DeploymentDoctorOptions,
  { send_test }: { send_test: boolean },
): Promise<DoctorCheck[]> {
  const { settings, names } = options;
  const { jobs, ticks, clock, ids } = options.ports;
  // Older than any read can be late: whoever is asked about the job knows that there is none.
  const ref = { job_id: `job_${ids.random()}`, generation_ms: clock.now() - day_ms };
  const tick = { ...ref, carrier: 'heartbeat', expected_checks: null, due_at_ms: clock.now() } as const;
  const looks = [
    look('job table', `to read ${names.table}`, () => jobs.load(ref.job_id), compare),
    look(
      'schedules',
      `to make one in the group ${names.schedule_group} and delete it`,
      () => beat(options, ref),
      compare,
    ),
    look('tick queue', `to send to ${names.tick_queue}`, () => ticks.send(tick), compare),
    announce(options, send_test),
    ...settings.targets.map(async ({ name }) => targetCheck(name, send_test)),
    ...[...settings.connections].flatMap(([name, connection]) => [
      ...secretsOf(connection).map((reference) => secretCheck(options.secrets, name, reference)),
      connectionCheck(options, name, connection),
    ]),
  ];
  return Promise.all(looks);
}

async function look(name: string, wanted: string, run: () => Promise<unknown>, next: string): Promise<DoctorCheck> {
  try {
    await run();
    return { name, ok: true, message: `wanted ${wanted}; that works` };
  } catch (error) {
    return { name, ok: false, message: `wanted ${wanted}; ${inWords(error)}`, fix_command: next };
  }
}

/** Our own errors hold no secret; of any other only its name is certain to have none. */
const inWords = (error: unknown): string =>
  error instanceof ConfigError || error instanceof RequestError || error instanceof InvariantError
    ? error.message
    : `it failed (${error instanceof Error ? error.name : typeof error})`;

/** Its first beat would be tomorrow; one that could not be deleted beats once, and is deleted by the tick. */
async function beat({ ports }: DeploymentDoctorOptions, ref: { job_id: string; generation_ms: number }): Promise<void> {
  const tomorrow_ms = ports.clock.now() + day_ms;
  const when = { first_at_ms: tomorrow_ms, end_at_ms: tomorrow_ms + day_ms };
  await ports.schedules.create({ ref, interval_seconds: 60, ...when });
  await ports.schedules.delete(ref);
}

async function announce({ ports, settings, names }: DeploymentDoctorOptions, send_test: boolean): Promise<DoctorCheck> {
  if (!send_test) return { name: 'topic', ok: true, message: `events go to ${names.topic}; try it with --send-test` };
  const event = testEvent('the topic and every target');
  const targets = settings.targets.map(({ name }) => name);
  return look(
    'topic',
    `to publish ${event.event_id} to ${names.topic}`,
    () => ports.announcements.publish(event, targets),
    compare,
  );
}

/** Only the deliver function may read a target's secret, so that only a delivery can tell. */
function targetCheck(name: string, send_test: boolean): DoctorCheck {
  const message = send_test
    ? 'was handed the test announcement if the topic was; what came of it is in the log of the deliver function'
    : 'is configured; only the deliver function may read its secret, so try it with --send-test';
  return { name: `target ${name}`, ok: true, message };
}

const secretsOf = ({ auth }: Connection): string[] => authReferences(auth).map(({ reference }) => reference);

function secretCheck(secrets: Secrets, connection: string, reference: string): Promise<DoctorCheck> {
  const [id = ''] = reference.slice(reference.indexOf(':') + 1).split('#');
  const next = reference.startsWith('ssm:')
    ? `aws ssm describe-parameters --parameter-filters Key=Name,Values=${id}`
    : `aws secretsmanager describe-secret --secret-id ${id}`;
  // Fresh: what is mended just now is to be seen.
  const read = () => secrets.resolve(reference, { fresh: true });
  return look(`secret of ${connection}`, `to read ${reference}`, read, next);
}

async function connectionCheck(
  { ports, settings }: DeploymentDoctorOptions,
  name: string,
  { url }: Connection,
): Promise<DoctorCheck> {
  const seen = await examineConnection({ settings, transports: ports.transports }, name);
  // Runs as printed, unless its address would need quoting.
  const printable = /^[A-Za-z0-9:/._~-]+$/.test(url);
  return seen.ok || !printable ? seen : { ...seen, fix_command: `curl -sSI ${url}` };
}
