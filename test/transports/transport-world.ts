import type { Connection } from '../../lib/core/configuration.ts';
import type { HttpCall } from '../../lib/core/kind.ts';
import type { Answer, Fault, TransportRequest } from '../../lib/ports.ts';
import type { OpenDispatchers } from '../../lib/transports/dispatchers.ts';
import { createHttpTransport, type HttpLimits } from '../../lib/transports/http-transport.ts';
import { createNodeDispatchers } from '../../lib/transports/node-dispatchers.ts';
import type { OpenRateBudget } from '../../lib/transports/rate-budget.ts';
import type { Resolve } from '../../lib/transports/safe-connect.ts';
import { createUndiciDispatchers } from '../../lib/transports/undici-dispatchers.ts';
import { type Respond, startFaultServer } from '../support/fault-server.ts';

export const start_ms = Date.parse('2026-11-21T09:00:00Z');

/** Both ways out, for `describe.each`: whatever holds of one holds of the other. */
export const waysOut: [name: string, openDispatchers: OpenDispatchers][] = [
  ['undici', createUndiciDispatchers],
  ['node:https', createNodeDispatchers],
];

type WorldOptions = {
  openDispatchers?: OpenDispatchers;
  connection?: Partial<Connection>;
  limits?: Partial<HttpLimits>;
  resolve?: Resolve;
  openRateBudget?: OpenRateBudget;
  /** Answers of the secrets port, one a read, the last one for ever. */
  secrets?: string[];
};

/** A transport with one connection, `ci`, to a loopback server, and a clock that stands still. Close it. */
export async function transportWorld(respond: Respond, options: WorldOptions = {}) {
  const server = await startFaultServer(respond);
  const clock = { now_ms: start_ms, now: () => clock.now_ms };
  const connection: Connection = {
    transport: 'http',
    url: `${server.origin}/api`,
    auth: { type: 'none' },
    allow_http: true,
    allow_private_network: true,
    ...options.connection,
  };
  let reads = 0;
  const answers = options.secrets ?? ['top-secret-token'];
  const transport = createHttpTransport({
    connections: new Map([['ci', connection]]),
    secrets: { resolve: async () => answers[Math.min(reads++, answers.length - 1)] ?? '' },
    clock,
    openDispatchers: options.openDispatchers ?? createUndiciDispatchers,
    limits: { call_ms: 8_000, ...options.limits },
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
    ...(options.openRateBudget === undefined ? {} : { openRateBudget: options.openRateBudget }),
  });
  return {
    server,
    clock,
    secretReads: () => reads,
    call: (call: HttpCall | string, more: Partial<TransportRequest<HttpCall>> = {}): Promise<Answer | Fault> =>
      transport.call({
        connection: 'ci',
        call: typeof call === 'string' ? { url: call } : call,
        budget_ms: 10_000,
        redirects_as_answers: [],
        ...more,
      }),
    close: async () => {
      await Promise.all([transport.close(), server.close()]);
    },
  };
}
export type TransportWorld = Awaited<ReturnType<typeof transportWorld>>;
