import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Prints the one line a parent waits for: `{"listening":"http://HOST:PORT"}`. */
export function announceListening(server: Pick<Server, 'address'>): void {
  const { address, family, port } = server.address() as AddressInfo; // a TCP server that listens always has one
  const host = family === 'IPv6' ? `[${address}]` : address;
  process.stdout.write(`${JSON.stringify({ listening: `http://${host}:${port}` })}\n`);
}

/**
 * Calls `close` and exits with 0 on SIGTERM, on SIGINT and, if asked, when the parent goes: its IPC channel closes, or,
 * without one, our stdin ends.
 */
export function exitWhenTold(options: { withParent: boolean; close: () => void }): void {
  const exit = () => {
    options.close();
    process.exit(0);
  };
  process.once('SIGTERM', exit);
  process.once('SIGINT', exit);
  if (!options.withParent) return;
  if (process.connected) process.once('disconnect', exit);
  else process.stdin.once('close', exit).once('end', exit).resume();
}

/** Ends the process with 1 and one line on stderr that says what the operator has to change. */
export function refuseToStart(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Reads a whole number from a command-line option, or refuses to start and says which option it was. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
  return refuseToStart(`--${option} is "${text}", wanted a whole number from ${min} to ${max}`);
}
