import type { Ports, Settings } from '../ports.ts';

/** One thing that was looked at. */
export type Seen = { name: string; ok: boolean; message: string };

const budgetMs = 5_000;

/** Looks at one connection, through its own guard and with its own credential: does its host answer, and does it take the credential? */
export async function examineConnection(
  { settings, transports }: { settings: Pick<Settings, 'connections'>; transports: Ports['transports'] },
  name: string,
): Promise<Seen> {
  const connection = settings.connections.get(name);
  const check = (ok: boolean, message: string): Seen => ({
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
