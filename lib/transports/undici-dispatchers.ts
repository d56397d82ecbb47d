import type { Agent as AgentType, Dispatcher } from 'undici';
// @ts-expect-error: its types are declared by the index, which loads five times as much: fetch, caches, mocks, proxies.
import UndiciAgent from 'undici/lib/dispatcher/agent.js';
import { type DispatcherOptions, type Dispatchers, dispatcherDefaults } from './dispatchers.ts';
import { guardedLookup, systemResolve } from './safe-connect.ts';

const Agent: typeof AgentType = UndiciAgent;
const cutOff = new Error('cut off');
cutOff.stack = '';

/** The way out over undici: one agent per network policy, for kept and for fresh connections. */
export function createUndiciDispatchers(options: DispatcherOptions = {}): Dispatchers {
  const resolve = options.resolve ?? systemResolve;
  const agent = (allow_private_network: boolean) =>
    new Agent({
      connections: options.connections_per_origin ?? dispatcherDefaults.connections_per_origin,
      // Each exchange has one timer for everything; the agent's own would only cost.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: options.connect_ms ?? dispatcherDefaults.connect_ms,
        lookup: guardedLookup(resolve, allow_private_network),
      },
    });
  const kept = { public: agent(false), private: agent(true) };
  const fresh = { public: agent(false), private: agent(true) };
  return {
    dispatch: (request, heard) => {
      let controller: Dispatcher.DispatchController | undefined;
      let given_up = false;
      const { origin, path, method, headers, body } = request;
      (request.fresh ? fresh : kept)[request.allow_private_network ? 'private' : 'public'].dispatch(
        { origin, path, method, headers, body, ...(request.fresh ? { reset: true } : {}) },
        {
          onRequestStart(started) {
            // Given up while waiting for a connection: not a byte goes out.
            if (given_up) return started.abort(cutOff);
            controller = started;
            heard.started();
          },
          onResponseStart(_, http_status, answered) {
            if (http_status >= 200) heard.head(http_status, answered);
          },
          onResponseData: (_, chunk) => heard.chunk(chunk),
          onResponseEnd: () => heard.ended(),
          onResponseError: (_, error) => heard.failed(error),
        },
      );
      return () => {
        given_up = true;
        controller?.abort(cutOff);
      };
    },
    close: async () => {
      await Promise.all([kept.public, kept.private, fresh.public, fresh.private].map((each) => each.close()));
    },
  };
}
