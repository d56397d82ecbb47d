import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One connection to a server on this machine, byte by byte. */
export type RawClient = {
  socket: Socket;
  send(text: string | Uint8Array): void;
  /** Everything heard so far, as soon as it matches. Rejects when the connection ends before. */
  heard(pattern: RegExp): Promise<string>;
  /** Everything heard until the server ends the connection. */
  ended: Promise<string>;
};

/** Connects to `http://HOST:PORT`. Whoever calls destroys the socket. */
export async function rawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // A test looks at what was heard, not at how the connection ended.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    socket.emit('heard');
  });
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    heard: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return;
          socket.off('heard', look);
          resolve(text);
        };
        socket.on('heard', look);
        socket.once('close', () => reject(new Error(`ended before ${pattern}: ${text}`)));
        look();
      }),
    ended,
  };
}
