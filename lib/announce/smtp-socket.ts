import { connect, isIP, type Socket } from 'node:net';
import { mayReach } from '../transports/addresses.ts';
import { ConnectError, guardedLookup, type Resolve, systemResolve } from '../transports/safe-connect.ts';

export type SmtpSocketOptions = {
  host: string;
  port: number;
  allow_private_network: boolean;
  /** Ends the attempt to connect, and later the connection. */
  signal: AbortSignal;
  resolve?: Resolve | undefined;
};

/** Connects to an address that was checked, trying one after the other. Rejects with ConnectError for one that may not be reached, else with the socket's error. */
export function connectSmtp(options: SmtpSocketOptions): Promise<Socket> {
  const { host, port, allow_private_network, signal, resolve = systemResolve } = options;
  // Node connects to an IP literal without asking `lookup`, so it is judged here.
  if (isIP(host) !== 0 && !mayReach(host, allow_private_network))
    return Promise.reject(new ConnectError('not_allowed', 'the address may not be reached'));
  const { promise, resolve: connected, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host, port, signal, lookup: guardedLookup(resolve, allow_private_network) });
  // Stays for good: an error nobody listens for would end the process.
  socket.on('error', reject);
  socket.once('connect', () => connected(socket));
  return promise;
}
