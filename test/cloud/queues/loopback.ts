import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request to a loopback server, read whole. */
export type LoopbackRequest = {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
  /** Ends when the caller hangs up. */
  signal: AbortSignal;
};
export type LoopbackAnswer = { status: number; headers: Record<string, string>; body: string };

/** Answers requests on 127.0.0.1. `null` cuts the connection without an answer. */
export async function startLoopback(
  answer: (request: LoopbackRequest) => Promise<LoopbackAnswer | null>,
  port = 0,
): Promise<{ port: number; endpoint: string; close: () => Promise<void> }> {
  const server = createServer(async (request, response) => {
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort());
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const got = await answer({
        method: request.method ?? 'GET',
        url: new URL(request.url ?? '/', 'http://127.0.0.1'),
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        signal: hungUp.signal,
      });
      write(response, got);
    } catch (error) {
      if (hungUp.signal.aborted) return;
      write(response, { status: 500, headers: {}, body: error instanceof Error ? (error.stack ?? '') : String(error) });
    }
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const { port: bound } = server.address() as AddressInfo; // a listening TCP server has no other kind
  return {
    port: bound,
    endpoint: `http://127.0.0.1:${bound}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function write(response: ServerResponse, answer: LoopbackAnswer | null): void {
  if (answer === null) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, answer.headers).end(answer.body);
}
