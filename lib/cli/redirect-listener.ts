import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Waits on this machine for the browser to come back (RFC 8252 §7.3). */
export type RedirectListener = {
  /** `http://127.0.0.1:PORT/callback` */
  redirect_uri: string;
  /** Resolves with the address that the browser was sent to, once one carries this state. */
  returned(state: string): Promise<URL>;
  close(): Promise<void>;
};

const path = '/callback';

/** Listens on 127.0.0.1. `port` 0: any free one. Throws what the operating system says when the port is taken. */
export async function listenForRedirect(port: number): Promise<RedirectListener> {
  let wanted: { state: string; resolve: (url: URL) => void } | undefined;
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '', redirect_uri);
    // A page elsewhere may send a browser here; without our state it ends nothing.
    const ours = request.headers.host === new URL(redirect_uri).host && request.method === 'GET';
    if (!ours || url === null || url.pathname !== path) return page(response, 404, 'There is nothing here.');
    if (wanted === undefined || url.searchParams.get('state') !== wanted.state)
      return page(response, 400, 'This answer belongs to no question of ours. Begin again from the terminal.');
    page(response, 200, 'untildone has the answer. You can close this window; the terminal says what came of it.');
    wanted.resolve(url);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const redirect_uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return {
    redirect_uri,
    returned: (state) =>
      new Promise((resolve) => {
        wanted = { state, resolve };
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function page(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'",
    // The address holds the code: it must not go on to anybody.
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(`<!doctype html><title>untildone</title><p>${text}</p>\n`);
}
