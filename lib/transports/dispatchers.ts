import type { IncomingHttpHeaders } from 'node:http';
import type { Resolve } from './safe-connect.ts';

/** One request, as it goes out. */
export type DispatchRequest = {
  allow_private_network: boolean;
  /**
   * True takes a connection of its own and closes it afterwards. A request that must not be repeated does so: on a kept
   * connection that the other side closes just then, nobody could say whether it was seen.
   */
  fresh: boolean;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  origin: string;
  /** Path and query. */
  path: string;
  /** Names and values in turn. */
  headers: string[];
  body: string | null;
};

/** Hears how a request fares. `ended` or `failed` comes last. */
export type Heard = {
  /** From now on bytes of the request may have left. */
  started(): void;
  /** Not for informational answers (1xx). */
  head(http_status: number, headers: IncomingHttpHeaders): void;
  chunk(chunk: Buffer): void;
  ended(): void;
  failed(error: Error): void;
};

/** The only way out: guarded connection pools, keep-alive per origin, without redirects and without limits on an answer, which `exchange` has. */
export type Dispatchers = {
  /** Returns how to give the request up; what is heard after that is of no interest. */
  dispatch(request: DispatchRequest, heard: Heard): () => void;
  /** Waits for calls in flight, then closes every socket; calls after that fail. */
  close(): Promise<void>;
};

export type DispatcherOptions = {
  /** Instead of the system's resolver. */
  resolve?: Resolve | undefined;
  /** TCP and TLS together, ms (5,000). */
  connect_ms?: number | undefined;
  /** Sockets per origin and pool (256); more calls wait for a free one. */
  connections_per_origin?: number | undefined;
};

/** Opens a way out: over undici, which is fast, or over `node:https`, which costs nothing to load. */
export type OpenDispatchers = (options?: DispatcherOptions) => Dispatchers;

export const dispatcherDefaults = { connect_ms: 5_000, connections_per_origin: 256 } as const;
