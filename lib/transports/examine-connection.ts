import { isToolCall } from '../core/is-tool-call.ts';
import type { Kind } from '../core/kind.ts';
import type { Answer, Fault, Ports, Settings } from '../ports.ts';
import type { McpTransport } from './mcp-transport.ts';

/** One thing that was looked at. */
export type Seen = { name: string; ok: boolean; message: string };
/** What looks: a call over HTTP, and over MCP the question which tools there are. */
export type SeenBy = Pick<Ports['transports'], 'http'> & { mcp: Pick<McpTransport, 'probe'> };

const budgetMs = 5_000;

/** Looks at one connection, through its own guard and with its own credential: does its host answer, and does it take the credential; over MCP, which tools are there? */
export async function examineConnection(
  { settings, transports }: { settings: Pick<Settings, 'connections' | 'kinds'>; transports: SeenBy },
  name: string,
): Promise<Seen> {
  const connection = settings.connections.get(name);
  const check = (ok: boolean, message: string): Seen => ({
    name: `connection ${name}`,
    ok,
    message: `${connection?.url ?? ''}: ${message}`,
  });
  const where = { connection: name, budget_ms: budgetMs };
  if (connection?.transport === 'mcp') {
    const seen = await transports.mcp.probe(where);
    return 'speaks' in seen ? check(true, toolsInWords(seen, settings.kinds)) : check(...verdictOf(seen, 'mcp'));
  }
  const call = { url: connection?.url ?? '' };
  const seen = await transports.http.call({ call, ...where, redirects_as_answers: [301, 302, 303, 307, 308] });
  return check(...verdictOf(seen, 'http'));
}

/** Whether an answer speaks for a connection, in words; over MCP only the tools do. */
function verdictOf(seen: Answer | Fault, transport: 'http' | 'mcp'): [ok: boolean, message: string] {
  if (!seen.answered) return [false, seen.message];
  const { http_status, error } = seen;
  if (http_status === 401 || http_status === 403)
    return [false, `the credential was refused (HTTP ${http_status}); renew what auth refers to`];
  if (http_status >= 500) return [false, `it is in trouble (HTTP ${http_status})`];
  if (seen.rate_limited) return [true, `says that it is asked too often (HTTP ${http_status})`];
  if (transport === 'http') return [true, `answers (HTTP ${http_status}), and does not refuse the credential`];
  return [false, `answers, but not as an MCP server (${error?.message ?? `HTTP ${http_status}`}); is the path right?`];
}

/** What a server of tools is, and which kinds find all their tools there. A kind that finds none was not meant for it. */
function toolsInWords(
  { name, version, protocol, tools }: { name: string; version: string; protocol: string; tools: string[] },
  kinds: Settings['kinds'],
): string {
  const needs = [...kinds.values()].map((kind) => ({ kind: kind.name, needed: toolsOf(kind) }));
  const served = needs.flatMap(({ kind, needed }) =>
    needed.length > 0 && needed.every((tool) => tools.includes(tool)) ? [kind] : [],
  );
  const lacking = needs.flatMap(({ kind, needed }) => {
    const missing = needed.filter((tool) => !tools.includes(tool));
    return missing.length > 0 && missing.length < needed.length ? [`${kind} lacks ${missing.join(', ')}`] : [];
  });
  const sentences = [
    `${name} ${version} speaks MCP ${protocol} and has ${tools.length} tools`,
    ...(served.length === 0 ? [] : [`all those of ${served.join(', ')}`]),
    ...lacking,
  ];
  return sentences.join('; ');
}

const toolsOf = (kind: Kind): string[] => [
  ...new Set(
    [kind.start, kind.status, kind.progress, kind.cancel].flatMap((call) =>
      call !== undefined && isToolCall(call) ? [call.tool] : [],
    ),
  ),
];
