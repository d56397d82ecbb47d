import type { Client, PriorDiscovery, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Connection } from '../core/configuration.ts';
import type { McpCall } from '../core/kind.ts';
import type { Answer, Clock, Fault, Secrets, Transport, TransportRequest } from '../ports.ts';
import { credentialedCall } from './credentialed-call.ts';
import type { OpenDispatchers } from './dispatchers.ts';
import { refusal } from './follow-call.ts';
import { createLane, type Lane, type OpenTokens } from './lane.ts';
import { type Errand, errands, mcpFetch, type Place } from './mcp-fetch.ts';
import { examineServer, maxListBytes, type ToolServer } from './mcp-probe.ts';
import type { OpenRateBudget } from './rate-budget.ts';
import { emptyAnswer, readProtocolError, readToolResult, unreadable } from './read-tool-result.ts';
import type { Resolve } from './safe-connect.ts';

/** The whole call, ms, and all bytes of one answer, a stream of events too. */
export type McpLimits = { call_ms: number; body_bytes: number; connect_ms: number };
export type McpTransportOptions = {
  connections: ReadonlyMap<string, Connection>;
  secrets: Secrets;
  clock: Pick<Clock, 'now'>;
  openDispatchers: OpenDispatchers;
  /** For connections with a `rate_per_minute`, instead of a budget in memory. */
  openRateBudget?: OpenRateBudget;
  /** For connections whose tokens come from an authorization server. */
  openTokens?: OpenTokens;
  resolve?: Resolve;
  limits?: Partial<McpLimits>;
};

const defaults: McpLimits = { call_ms: 10_000, body_bytes: 262_144, connect_ms: 5_000 };

type Session = { client: Client; transport: StreamableHTTPClientTransport };
/** What is known of one server: the session that is open or being opened, and which era it speaks. */
type Peer = {
  lane: Lane;
  url: URL;
  place: Place;
  session?: Promise<Session> | undefined;
  prior?: PriorDiscovery | undefined;
};

export type McpTransport = Transport<McpCall> & {
  /** Opens a session anew and lists the tools; calls none. */
  probe(request: Pick<TransportRequest<McpCall>, 'connection' | 'budget_ms'>): Promise<ToolServer | Answer | Fault>;
  close(): Promise<void>;
};

/** The `Transport` over MCP, under the same guard, limits, pace and credentials as HTTP. The client is loaded by the first call. */
export function createMcpTransport(options: McpTransportOptions): McpTransport {
  const limits = { ...defaults, ...options.limits };
  const peers = new Map<string, Peer>();
  for (const [name, connection] of options.connections)
    if (connection.transport === 'mcp')
      peers.set(name, { lane: createLane(name, connection, options), url: new URL(connection.url), place: {} });
  const dispatchers = options.openDispatchers({ resolve: options.resolve, connect_ms: limits.connect_ms });
  const now_ms = (): number => options.clock.now();

  function askPeer(
    peer: Peer,
    ask: Ask,
    { budget_ms, max_bytes = limits.body_bytes, once = false }: Bounds,
  ): Promise<Answer | Fault> {
    const until_ms = performance.now() + Math.min(limits.call_ms, budget_ms);
    const { lane, place } = peer;
    return credentialedCall({
      lane,
      send: (credential) =>
        runErrand(peer, ask, {
          lane,
          credential,
          dispatchers,
          max_bytes,
          now_ms,
          until_ms,
          place,
          once,
          called: false,
        }),
      mayRepeat: ({ http_status }) => http_status === 401,
      repeats_unchanged: false,
      now_ms,
      until_ms,
    });
  }
  const unknown = (name: string): Fault =>
    refusal('not_allowed', `there is no connection named "${name}" over mcp; add it under "connections"`);
  return {
    call: async ({ connection, call, budget_ms, once = false }) => {
      const peer = peers.get(connection);
      return peer === undefined ? unknown(connection) : askPeer(peer, callTool(call), { budget_ms, once });
    },
    probe: async ({ connection, budget_ms }) => {
      const peer = peers.get(connection);
      if (peer === undefined) return unknown(connection);
      let seen: ToolServer | undefined;
      const look: Ask = async (client, errand) => {
        seen = await examineServer(client, () => timeLeft(errand));
        return emptyAnswer;
      };
      const fresh: Peer = { lane: peer.lane, url: peer.url, place: {} };
      const outcome = await askPeer(fresh, look, { budget_ms, max_bytes: maxListBytes });
      await fresh.session?.then(({ client }) => client.close()).catch(() => undefined);
      return outcome === emptyAnswer && seen !== undefined ? seen : outcome;
    },
    close: async () => {
      for (const { session } of peers.values())
        await session?.then(({ client }) => client.close()).catch(() => undefined);
      await dispatchers.close();
    },
  };
}

type Bounds = { budget_ms: number; max_bytes?: number; once?: boolean };
/** What is asked of a server once its session is open. */
type Ask = (client: Client, errand: Errand) => Promise<Answer>;

const callTool =
  ({ tool, arguments: given }: McpCall): Ask =>
  async (client, errand) => {
    const params = { name: tool, ...(given === undefined ? {} : { arguments: given }) };
    return readToolResult(await client.callTool(params, { timeout: timeLeft(errand) }), errand.credential.redactor);
  };

/** Asks; a session that the server has forgotten is opened again, once. */
async function runErrand(peer: Peer, ask: Ask, errand: Errand): Promise<Answer | Fault> {
  const first = await attempt(peer, ask, errand);
  if (!first.lost_session || performance.now() >= errand.until_ms) return first.outcome;
  if (errand.once && errand.called)
    return { ...refusal('server_error', 'the server lost our session while the tool was called'), sent: true };
  const { failed: _, ...again } = errand;
  return (await attempt(peer, ask, { ...again, called: false })).outcome;
}

type Attempted = { outcome: Answer | Fault; lost_session: boolean };

async function attempt(peer: Peer, ask: Ask, errand: Errand): Promise<Attempted> {
  let session: Session | undefined;
  const is_known = peer.session !== undefined;
  try {
    session = await errands.run(errand, () => openSession(peer, errand));
    const { client, transport } = session;
    if (is_known && errand.once && transport.sessionId !== undefined)
      await errands.run(errand, () => proveSession(client, errand));
    return { outcome: await errands.run(errand, () => ask(client, errand)), lost_session: false };
  } catch (error) {
    const outcome = await outcomeOf(error, errand);
    peer.place.moved = undefined;
    const lost_session = session?.transport.sessionId !== undefined && outcome.answered && outcome.http_status === 404;
    // What was learnt of the server may be out of date, unless it only refused us or was in trouble.
    if (outcome.answered && [400, 404, 405].includes(outcome.http_status)) {
      peer.session = undefined;
      if (!lost_session) peer.prior = undefined;
    }
    return { outcome, lost_session };
  }
}

/** Before a starter: it goes out once, so that a session which the server has forgotten must show before. Any other trouble shows again. */
async function proveSession(client: Client, errand: Errand): Promise<void> {
  try {
    await client.ping({ timeout: timeLeft(errand) });
  } catch (error) {
    if (errand.failed?.answered && errand.failed.http_status === 404) throw error;
    delete errand.failed;
  }
}

/** The client's own timer is behind ours, which also names the reason. */
const timeLeft = ({ until_ms }: Errand): number => Math.max(1, Math.ceil(until_ms - performance.now())) + 250;

function openSession(peer: Peer, errand: Errand): Promise<Session> {
  peer.session ??= connect(peer, errand).catch((error: unknown) => {
    peer.session = undefined;
    throw error;
  });
  return peer.session;
}

async function connect(peer: Peer, errand: Errand): Promise<Session> {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const transport = new StreamableHTTPClientTransport(peer.url, { fetch: mcpFetch });
  const client = new Client(
    { name: 'untildone', version: '1' },
    { capabilities: {}, versionNegotiation: { mode: 'auto' }, inputRequired: { autoFulfill: false } },
  );
  const { prior } = peer;
  await client.connect(transport, { timeout: timeLeft(errand), ...(prior === undefined ? {} : { prior }) });
  const discover = client.getDiscoverResult();
  peer.prior = discover === undefined ? { kind: 'legacy' } : { kind: 'modern', discover };
  return { client, transport };
}

/** Why a call came to nothing: what HTTP said, else what JSON-RPC said, else that it was not MCP. */
async function outcomeOf(error: unknown, errand: Errand): Promise<Answer | Fault> {
  const { ProtocolError, SdkError, SdkErrorCode } = await import('@modelcontextprotocol/client');
  const { redactor } = errand.credential;
  if (error instanceof ProtocolError) return readProtocolError(error.code, error.message, redactor);
  const { failed } = errand;
  if (failed?.answered && failed.http_status >= 500 && !errand.called)
    return refusal('server_error', `the server answered ${failed.http_status} before the tool was called`);
  if (failed !== undefined) return failed;
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)
    return { ...refusal('timeout', 'the server gave no complete answer in time'), sent: errand.called };
  return unreadable;
}
