import type { IncomingMessage } from 'node:http';

/** How long the rest of a body may come in that nobody wants, ms. */
const unwantedMs = 500;

/**
 * The body of a request; undefined as soon as it is longer than `most_bytes`, and then what comes is thrown away. Rejects when
 * it breaks off.
 */
export async function collectBody(incoming: IncomingMessage, most_bytes: number): Promise<Uint8Array | undefined> {
  // Most have come as a whole by now: there is nothing to wait for.
  if (!incoming.complete || incoming.destroyed) return collectRest(incoming, most_bytes);
  const bytes: Buffer = incoming.read() ?? Buffer.alloc(0);
  return bytes.byteLength <= most_bytes ? bytes : undefined;
}

function collectRest(incoming: IncomingMessage, most_bytes: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const breakOff = (): void => reject(new Error('the connection ended before the body did'));
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.byteLength;
      if (length <= most_bytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        resolve(undefined);
      }
    });
    incoming.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    incoming.on('close', () => incoming.readableEnded || breakOff());
    // Gone while the API was loaded: nothing more will be heard of it.
    if (incoming.destroyed) breakOff();
  });
}

/**
 * Node takes in the rest of a request that was answered before its end: only so does its sender hear the answer, and is served
 * again on the same connection. After half a second the connection is closed, so that nobody holds it by sending on.
 */
export function limitRest(incoming: IncomingMessage): void {
  if (incoming.destroyed) return;
  const late = setTimeout(() => incoming.socket.destroySoon(), unwantedMs);
  incoming.once('close', () => clearTimeout(late));
}
