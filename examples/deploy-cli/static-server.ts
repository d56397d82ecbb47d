import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createStaticApp } from './static-app.ts';

// PORT (4710) and DIRECTORY (.static-site): what `deploy` deploys to. On loopback only, because anybody may write to it.
const [port = '4710', directory = '.static-site'] = process.argv.slice(2);
const server = createAdaptorServer({ fetch: createStaticApp(directory).fetch });
server.listen(Number(port), '127.0.0.1', () => {
  // A TCP server that listens always has one.
  const address = server.address() as AddressInfo;
  console.error(`serves ${directory} on http://127.0.0.1:${address.port}`);
});
