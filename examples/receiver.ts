import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import type { JobEvent } from '../lib/core/announcement.ts';

/** Receives signed announcements on a free port, as your own service would. */
export type Receiver = { url: string; stop(): Promise<void> };

/** Calls `hear` with each announcement whose signature holds; anything else is answered 401. */
export async function startReceiver(
  secret: string,
  hear: (event: Omit<JobEvent, 'event_id'>) => void,
): Promise<Receiver> {
  const webhook = new Webhook(secret);
  const server = createServer(async (request, response) => {
    const body = await text(request);
    try {
      const { headers } = request;
      const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      hear(webhook.verify(body, signed) as Omit<JobEvent, 'event_id'>); // signed by our own engine
      response.writeHead(204).end();
    } catch {
      response.writeHead(401).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens always has one
  return {
    url: `http://127.0.0.1:${port}/announcements`,
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
