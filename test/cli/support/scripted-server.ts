import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Asked = {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
  /** As they came over the wire: the request target, and the body. */
  target: string;
  text: string;
};

/** `text` in place of JSON; `cut` breaks the connection in the middle of it; `hang` never answers. */
export type Reply = {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  cut?: true;
  hang?: true;
};

type ScriptedServer = { url: string; asked: Asked[]; close(): Promise<void> };

function send(response: ServerResponse, reply: Reply): void {
  if (reply.hang) return;
  const body = reply.text ?? JSON.stringify(reply.json ?? {});
  const type =
    reply.text === undefined
      ? (reply.status ?? 200) < 400
        ? 'application/json'
        : 'application/problem+json'
      : 'text/html';
  const length = Buffer.byteLength(body) + (reply.cut ? 100 : 0);
  response.writeHead(reply.status ?? 200, { 'content-type': type, 'content-length': length, ...reply.headers });
  if (!reply.cut) return void response.end(body);
  response.write(body, () => setImmediate(() => response.destroy()));
}

/** An HTTP server on loopback that answers as `script` says and remembers what it was asked. */
export async function scriptedServer(
  script: (asked: Asked, count: number) => Reply | Promise<Reply>,
): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    let text = '';
    for await (const chunk of request) text += chunk;
    const one: Asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
      target: request.url ?? '',
      text,
    };
    asked.push(one);
    send(response, await script(one, asked.length));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

/** A loopback address where nothing listens. */
export async function deadEndpoint(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
