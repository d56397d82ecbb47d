import { setMaxListeners } from 'node:events';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, RequestError } from '../lib/core/errors.ts';

export type Listener = {
  /** `http://HOST:PORT`. */
  url: string;
  /** Answers with `answer` from now on, and first whoever has come before. Once. */
  answerWith(answer: Answer): Promise<void>;
  /** For reads that wait: ends with UNAVAILABLE as soon as the listener closes. */
  sleep(ms: number): Promise<void>;
  /** Takes no further connection, answers who waits, and lets every write under way end and be answered. */
  close(): Promise<void>;
};

type Answer = (request: Request) => Response | Promise<Response>;

/** How long answers on their way may take once nothing is under way any more, ms. */
const graceMs = 500;

/** Takes an address; port 0 is any free one. Throws ConfigError when it cannot be had. */
export async function listen({ host, port }: { host: string; port: number }): Promise<Listener> {
  const closing = new AbortController();
  // Every read that waits listens; there may be hundreds.
  setMaxListeners(0, closing.signal);
  const writes = new Set<Promise<unknown>>();
  const answering = Promise.withResolvers<RequestListener>();
  // Importing `node:http` by name reads its WebSocket too, and with it Node's whole fetch: 20 ms that the first checks would wait.
  const server = process
    .getBuiltinModule('node:http')
    .createServer((request, response) => void answering.promise.then((answer) => answer(request, response)));
  function noteWrite(request: Request, answered: ReturnType<Answer>): void {
    if (request.method === 'GET' || !(answered instanceof Promise)) return;
    const ended = answered.then(forget, forget);
    writes.add(ended);
    function forget(): void {
      writes.delete(ended);
    }
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(translate(error, host, port)));
    server.listen(port, host, resolve);
  });
  // Only pipes and sockets of the file system have other addresses.
  const address = server.address() as AddressInfo;
  return {
    url: `http://${reachable(host)}:${address.port}`,
    answerWith: async (answer) => {
      const { getRequestListener } = await import('@hono/node-server');
      answering.resolve(
        getRequestListener((request) => {
          const answered = answer(request);
          noteWrite(request, answered);
          return answered;
        }),
      );
    },
    sleep: (ms) =>
      sleep(ms, undefined, { signal: closing.signal }).catch((cause) => {
        throw new RequestError('UNAVAILABLE', 'the server is stopping; ask again in a moment', {
          retry_after_ms: 2_000,
          cause,
        });
      }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      closing.abort();
      while (writes.size > 0) await Promise.all(writes);
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(late);
    },
  };
}

/** Nobody can call "any address": others find this machine by its name. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}

function translate(error: Error, host: string, port: number): ConfigError {
  const taken = 'code' in error && error.code === 'EADDRINUSE';
  return new ConfigError(
    taken
      ? `port ${port} on ${host} is taken, perhaps by another untildone; stop it or give another --port`
      : `cannot listen on ${host}:${port}: ${error.message}`,
    { cause: error },
  );
}
