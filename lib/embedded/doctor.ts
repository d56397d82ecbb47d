import type { Target } from '../core/configuration.ts';
import type { Ports, Settings } from '../ports.ts';
import type { Attempt } from './sqlite-announcements.ts';

/** One thing that was looked at. */
export type Check = { name: string; ok: boolean; message: string };

export type DoctorOptions = {
  settings: Settings;
  transports: Ports['transports'];
  /** Undefined when fine, else what is wrong with the target's secret. */
  targetProblem: (target: Target) => Promise<string | undefined>;
  sendTest: (target: string) => Promise<Attempt>;
};

const budgetMs = 5_000;

/** Looks at each connection (does its host answer, does it take the credential?) and each target, which with `send_test` is told something. */
export async function examine(options: DoctorOptions, { send_test }: { send_test: boolean }): Promise<Check[]> {
  const connections = [...options.settings.connections.keys()].map((name) => examineConnection(options, name));
  const targets = options.settings.targets.map((target) => examineTarget(options, target, send_test));
  return Promise.all([...connections, ...targets]);
}

async function examineConnection({ settings, transports }: DoctorOptions, name: string): Promise<Check> {
  const connection = settings.connections.get(name);
  const check = (ok: boolean, message: string): Check => ({
    name: `connection ${name}`,
    ok,
    message: `${connection?.url ?? ''}: ${message}`,
  });
  const rest = { connection: name, budget_ms: budgetMs, redirects_as_answers: [301, 302, 303, 307, 308] };
  const seen =
    connection?.transport === 'mcp'
      ? await transports.mcp.call({ call: { tool: 'doctor' }, ...rest })
      : await transports.http.call({ call: { url: connection?.url ?? '' }, ...rest });
  if (!seen.answered) return check(false, seen.message);
  const { http_status } = seen;
  if (http_status === 401 || http_status === 403)
    return check(false, `the credential was refused (HTTP ${http_status}); renew what auth refers to`);
  if (http_status >= 500) return check(false, `it is in trouble (HTTP ${http_status})`);
  return check(true, `answers (HTTP ${http_status}), and does not refuse the credential`);
}

async function examineTarget(options: DoctorOptions, target: Target, send_test: boolean): Promise<Check> {
  const check = (ok: boolean, message: string): Check => ({ name: `target ${target.name}`, ok, message });
  const problem = await options.targetProblem(target);
  if (problem !== undefined) return check(false, problem);
  if (!send_test) return check(true, 'its secret is there; send something with --send-test');
  const told = await options.sendTest(target.name);
  return told.outcome === 'delivered'
    ? check(true, 'took a test announcement')
    : check(false, `did not take a test announcement: ${told.error}`);
}
