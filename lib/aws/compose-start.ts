import type { ApiOptions } from '../api/api-options.ts';
import { env } from '../env.ts';
import type { Ports, Settings } from '../ports.ts';
import { randomIds } from '../random-ids.ts';
import type { SeenBy } from '../transports/examine-connection.ts';
import type { TokenNews } from '../transports/oauth/refresh-tokens.ts';
import { apiPlug } from './compose-api.ts';
import { tickPorts } from './compose-poll.ts';
import { schedules } from './compose-schedules.ts';
import { composeSecrets } from './compose-secrets.ts';
import { clock, type Environment, needed } from './environment.ts';
import { rememberCounts } from './remembered-counts.ts';
import { readShipped } from './shipped-configuration.ts';

/** The start function: what a tick touches, and making schedules. */
export function composeStart(tell: (news: TokenNews) => void, environment: Environment = process.env) {
  const shipped = readShipped();
  const ticking = tickPorts(environment, shipped, tell);
  const ports = {
    ...ticking,
    jobs: { ...ticking.jobs, countActive: rememberCounts(ticking.jobs.countActive, clock) },
    schedules: schedules(environment, 'create'),
    ids: randomIds,
  } satisfies Ports;
  const plug = apiPlug(environment, shipped);
  return { ports, ...plug, doctor: doctorOf(environment, ports, plug.settings) };
}

/** Loaded when somebody asks: starts have no use for it. */
function doctorOf(
  environment: Environment,
  ports: Ports & { transports: SeenBy },
  settings: Settings,
): NonNullable<ApiOptions['doctor']> {
  const names = {
    table: needed(environment, env.jobTable),
    schedule_group: needed(environment, env.scheduleGroup),
    tick_queue: needed(environment, env.tickQueueUrl),
    topic: needed(environment, env.outcomesTopicArn),
  };
  return async (what) => {
    const { examineDeployment } = await import('./doctor.ts');
    return examineDeployment({ ports, settings, names, secrets: composeSecrets() }, what);
  };
}
