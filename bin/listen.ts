import { setMaxListeners } from 'node:events';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../lib/api/create-api.ts';
import { ConfigError, RequestError } from '../lib/core/errors.ts';
import { createRequestListener } from './request-listener.ts';

export type Listener = {
  /** `http://HOST:PORT`. */
  url: string;
  /** Answers with `api` from now on, and first whoever has come before. Once. */
  answerWith(api: Api): void;
  /** For reads that wait: ends with UNAVAILABLE as soon as the listener closes. */
  sleep(ms: number): Promise<void>;
  /** Takes no further connection, answers who waits, and lets every write under way end and be answered. */
  close(): Promise<void>;
};

/** How long answers on their way may take once nothing is under way any more, ms. */
const graceMs = 500;

/** Where to listen, port 0 being any free one; `log` hears of faults of ours. */
export type ListenOptions = { host: string; port: number; log: (line: string) => void };

/** Takes an address. Throws ConfigError when it cannot be had. */
export async function listen({ host, port, log }: ListenOptions): Promise<Listener> {
  const closing = new AbortController();
  // Every read that waits listens; there may be hundreds.
  setMaxListeners(0, closing.signal);
  const writes = new Set<Promise<unknown>>();
  const answering = Promise.withResolvers<RequestListener>();
  // Importing `node:http` by name reads its WebSocket too, and with it Node's whole fetch: 20 ms that the first checks would wait.
  const { createServer } = process.getBuiltinModule('node:http');
  // A header that came twice is neither of the two: nobody shall take the first for the whole.
  const server = createServer({ joinDuplicateHeaders: true });
  const early: RequestListener = (request, response) =>
    void answering.promise.then((listener) => listener(request, response));
  server.on('request', early);
  function noteWrite(answered: Promise<unknown>): void {
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
    answerWith: (api) => {
      const listener = createRequestListener((request) => {
        const answered = api(request);
        if (request.method !== 'GET') noteWrite(answered);
        return answered;
      }, log);
      answering.resolve(listener);
      server.off('request', early).on('request', listener);
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
      // Who has asked in this turn is served at its end.
      await setImmediate();
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
