import { createServer, type Socket } from 'node:net';

/** One request as it came over the wire. Header names in lower case. */
export type SeenRequest = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  connection: number;
};

/** Answers one request: text is written as it stands; nothing leaves the connection to the handler. */
export type Respond = (request: SeenRequest, socket: Socket) => string | undefined;

export type FaultServer = {
  port: number;
  /** `http://127.0.0.1:PORT`. */
  origin: string;
  seen: SeenRequest[];
  /** Connections accepted so far, and those still open. */
  connections(): { accepted: number; open: number };
  close(): Promise<void>;
};

/** A complete HTTP/1.1 answer. */
export const answer = (status: number, body = '', headers: Record<string, string> = {}): string => {
  const lines = Object.entries({ 'content-length': String(Buffer.byteLength(body)), ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
};

/** A loopback server at the level of bytes, so that it can misbehave as no HTTP library would. Close it. */
export async function startFaultServer(respond: Respond, host = '127.0.0.1'): Promise<FaultServer> {
  const sockets = new Set<Socket>();
  const seen: SeenRequest[] = [];
  let accepted = 0;
  const server = createServer((socket) => {
    const connection = ++accepted;
    let buffered = '';
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      buffered += String(text);
      for (let next = takeRequest(buffered, connection); next !== undefined; next = takeRequest(buffered, connection)) {
        buffered = next.rest;
        seen.push(next.request);
        const reply = respond(next.request, socket);
        if (reply !== undefined) socket.write(reply);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    seen,
    connections: () => ({ accepted, open: sockets.size }),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function takeRequest(text: string, connection: number): { request: SeenRequest; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const length = Number(headers['content-length'] ?? 0);
  const start = end + 4;
  if (text.length < start + length) return undefined;
  const [method = '', path = ''] = first.split(' ');
  const body = Buffer.from(text.slice(start, start + length), 'latin1').toString('utf8');
  return { request: { method, path, headers, body, connection }, rest: text.slice(start + length) };
}
