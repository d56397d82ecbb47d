import type { ClientRequest, Agent as HttpAgent, RequestOptions } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import {
  type DispatcherOptions,
  type Dispatchers,
  type DispatchRequest,
  dispatcherDefaults,
  type Heard,
} from './dispatchers.ts';
import { bareHost, ConnectError, guardedLookup, systemResolve } from './safe-connect.ts';

/** A kept connection that nobody used for so long is closed, ms. */
const keepMs = 4_000;

/*
 * Loaded with the first request: an import of `node:http` reads its WebSocket too, and with it Node's whole fetch, which
 * would be a third of what a function takes to load.
 */
const http = () => process.getBuiltinModule('node:http');
const https = () => process.getBuiltinModule('node:https');

type Pool = { http: HttpAgent; https: HttpsAgent };

/**
 * The way out over `node:http` and `node:https`. Agents keep connections by host, port and TLS settings, so that none serves
 * another host; no proxy is honoured, and no redirect followed.
 */
export function createNodeDispatchers(options: DispatcherOptions = {}): Dispatchers {
  const connect_ms = options.connect_ms ?? dispatcherDefaults.connect_ms;
  const pool = (keepAlive: boolean, allow_private_network: boolean): Pool => {
    const settings = {
      keepAlive,
      timeout: keepMs,
      maxSockets: options.connections_per_origin ?? dispatcherDefaults.connections_per_origin,
      lookup: guardedLookup(options.resolve ?? systemResolve, allow_private_network),
    };
    return { http: new (http().Agent)(settings), https: new (https().Agent)(settings) };
  };
  const pools = new Map<string, Pool>();
  const poolOf = ({ fresh, allow_private_network }: DispatchRequest): Pool => {
    const name = `${fresh ? 'fresh' : 'kept'} ${allow_private_network ? 'private' : 'public'}`;
    const found = pools.get(name) ?? pool(!fresh, allow_private_network);
    pools.set(name, found);
    return found;
  };
  const underWay = new Set<ClientRequest>();
  let closed = false;

  return {
    dispatch: (request, heard) => {
      if (closed) return refuse(heard, new ConnectError('connection_refused', 'the engine is shutting down'));
      let sent: ClientRequest;
      try {
        sent = open(request, poolOf(request));
      } catch (error) {
        return refuse(heard, error instanceof Error ? error : new Error(String(error)));
      }
      underWay.add(sent);
      sent.once('close', () => underWay.delete(sent));
      listen(sent, heard, connect_ms);
      sent.end(request.body ?? undefined);
      return () => sent.destroy();
    },
    close: async () => {
      closed = true;
      await Promise.all([...underWay].map((sent) => new Promise((resolve) => sent.once('close', resolve))));
      for (const each of pools.values()) {
        each.http.destroy();
        each.https.destroy();
      }
    },
  };
}

function refuse(heard: Heard, error: Error): () => void {
  queueMicrotask(() => heard.failed(error));
  return () => undefined;
}

/** Throws for what HTTP cannot carry. */
function open({ origin, fresh, method, path, headers, body }: DispatchRequest, pool: Pool): ClientRequest {
  const { protocol, hostname, port } = new URL(origin);
  const secure = protocol === 'https:';
  const target: RequestOptions = { method, path, hostname: bareHost(hostname), port: port || (secure ? 443 : 80) };
  const opened = secure
    ? https().request({ ...target, agent: pool.https })
    : http().request({ ...target, agent: pool.http });
  // Its failure is told by what is thrown below; an error without a listener would end the process.
  opened.on('error', () => undefined);
  try {
    for (let i = 0; i + 1 < headers.length; i += 2) opened.setHeader(headers[i] ?? '', headers[i + 1] ?? '');
    // An agent with a limit keeps connections for who waits, whatever its settings say.
    if (fresh) opened.setHeader('connection', 'close');
    // Node counts the bytes of some methods' bodies only.
    if (body !== null) opened.setHeader('content-length', Buffer.byteLength(body));
    return opened;
  } catch (error) {
    opened.destroy();
    throw error;
  }
}

function listen(sent: ClientRequest, heard: Heard, connect_ms: number): void {
  sent.once('socket', (socket: Socket) => whenConnected(sent, socket, connect_ms, () => heard.started()));
  sent.once('error', (error) => heard.failed(error));
  sent.once('response', (answer) => {
    heard.head(answer.statusCode ?? 0, answer.headers);
    answer.on('data', (chunk: Buffer) => heard.chunk(chunk));
    answer.once('end', () => heard.ended());
    answer.on('error', (error) => heard.failed(error));
  });
}

/** A socket just opened carries bytes once TCP, and TLS where there is one, are up; a kept one at once. */
function whenConnected(sent: ClientRequest, socket: Socket, connect_ms: number, then: () => void): void {
  const secure = 'encrypted' in socket;
  const shaking = 'secureConnecting' in socket && socket.secureConnecting === true;
  if (!socket.connecting && !shaking) {
    then();
    return;
  }
  const late = Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });
  const timer = setTimeout(() => sent.destroy(late), connect_ms);
  sent.once('close', () => clearTimeout(timer));
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    clearTimeout(timer);
    then();
  });
}
