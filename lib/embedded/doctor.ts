import type { Target } from '../core/configuration.ts';
import type { Settings } from '../ports.ts';
import { examineConnection, type Seen, type SeenBy } from '../transports/examine-connection.ts';
import type { Attempt } from './sqlite-announcements.ts';

export type DoctorOptions = {
  settings: Settings;
  transports: SeenBy;
  /** Undefined when fine, else what is wrong with the target's secret. */
  targetProblem: (target: Target) => Promise<string | undefined>;
  sendTest: (target: string) => Promise<Attempt>;
};

/** Looks at each connection (does its host answer, does it take the credential; over MCP, which tools are there?) and each target, which with `send_test` is told something. */
export async function examine(options: DoctorOptions, { send_test }: { send_test: boolean }): Promise<Seen[]> {
  const connections = [...options.settings.connections.keys()].map((name) => examineConnection(options, name));
  const targets = options.settings.targets.map((target) => examineTarget(options, target, send_test));
  return Promise.all([...connections, ...targets]);
}

async function examineTarget(options: DoctorOptions, target: Target, send_test: boolean): Promise<Seen> {
  const check = (ok: boolean, message: string): Seen => ({ name: `target ${target.name}`, ok, message });
  const problem = await options.targetProblem(target);
  if (problem !== undefined) return check(false, problem);
  if (!send_test) return check(true, 'its secret is there; send something with --send-test');
  const told = await options.sendTest(target.name);
  return told.outcome === 'delivered'
    ? check(true, 'took a test announcement')
    : check(false, `did not take a test announcement: ${told.error}`);
}
