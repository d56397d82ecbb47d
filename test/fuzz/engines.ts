import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createCancelHandler } from '../../functions/cancel/handler.ts';
import { createMcpHandler } from '../../functions/mcp/handler.ts';
import type { ApiEvent } from '../../functions/shared/api-handler.ts';
import { createStartHandler } from '../../functions/start/handler.ts';
import { createStatusHandler } from '../../functions/status/handler.ts';
import { allRoutes } from '../../lib/api/all-routes.ts';
import type { ApiOptions } from '../../lib/api/api-options.ts';
import { headerOf } from '../../lib/api/api-request.ts';
import { createApi } from '../../lib/api/create-api.ts';
import { loadMcp } from '../../lib/api/load-mcp.ts';
import { openDatabase } from '../../lib/embedded/database.ts';
import { createSqliteEvents } from '../../lib/embedded/sqlite-events.ts';
import { createSqliteJobStore } from '../../lib/embedded/sqlite-job-store.ts';
import { createHttpTransport } from '../../lib/transports/http-transport.ts';
import { createUndiciDispatchers } from '../../lib/transports/undici-dispatchers.ts';
import { dynamoWorld } from '../cloud/dynamo/dynamo-world.ts';
import { hearing } from '../functions/hearing.ts';
import { answer, startFaultServer } from '../support/fault-server.ts';
import { fetchOf } from '../support/fetch-of.ts';
import { fsyncAtOnce } from '../support/fsync-at-once.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { world } from '../support/world.ts';

/** What an answer must never hold: the credential of the connection, which the remote system sends back at every turn. */
export const secret = 'tok-5up3r-s3cret-9f';

/** The API as one engine serves it, its real store under it; `x-owner` names the caller. Everything else is a world in memory. */
export type FuzzedEngine = {
  fetch(request: Request): Promise<Response>;
  /** The same behind a port, for clients that need one; all its callers are `me`. Remembers every status it answered with. */
  listen(): Promise<{ url: string; statuses: number[]; close(): Promise<void> }>;
  close(): Promise<void>;
};

/** A remote system that says everything it hears, its caller's credential above all. */
const startEcho = () =>
  startFaultServer(({ method, path, headers, body }) => {
    const said = { state: path.includes('done') ? 'FINISHED' : 'RUNNING', id: `run-${headers['authorization']}` };
    const echo = { ...said, figures: { headers, path, body }, error: { message: `${secret} ${method}` } };
    return answer(200, JSON.stringify(echo), { 'content-type': 'application/json', 'x-echo': secret });
  });

async function openWorld() {
  const echo = await startEcho();
  const auth = { type: 'bearer', token: 'env:CI_TOKEN' };
  const ci = { transport: 'http', url: echo.origin, auth, allow_http: true, allow_private_network: true };
  const given = world({ configuration: { connections: { ci } } });
  const http = createHttpTransport({
    connections: given.settings.connections,
    secrets: { resolve: async () => secret },
    clock: { now: given.now },
    openDispatchers: createUndiciDispatchers,
    limits: { call_ms: 5000 },
  });
  return { echo, given, transports: { ...given.ports.transports, http } };
}

/** SQLite under the routes as the embedded server mounts them. */
export async function openEmbedded(): Promise<FuzzedEngine> {
  const { echo, given, transports } = await openWorld();
  const directory = temporaryDirectory();
  const database = openDatabase(directory.path, { fsync: fsyncAtOnce });
  const [jobs, events] = [createSqliteJobStore(database, manualTimers()), createSqliteEvents(database)];
  const options: ApiOptions = {
    ports: { ...given.ports, transports, jobs, events },
    settings: given.settings,
    engine: 'embedded',
    version: '0',
    mcp: loadMcp,
    ownerOf: (request) => headerOf(request, 'x-owner') ?? 'me',
    doctor: () => Promise.resolve([]),
  };
  const fetched = fetchOf(createApi(options, allRoutes));
  return {
    fetch: fetched,
    listen: () => listen(fetched),
    close: async () => {
      database.close();
      directory.remove();
      await echo.close();
    },
  };
}

/** DynamoDB's protocol under the functions as API Gateway calls them. */
export async function openCloud(): Promise<FuzzedEngine> {
  const { echo, given, transports } = await openWorld();
  const dynamo = await dynamoWorld();
  const { store: jobs, events } = await dynamo.freshTable();
  const ports = { ...given.ports, transports, jobs, events };
  const { log } = hearing();
  const plug = { settings: given.settings, version: '0', log, auth: 'iam', owner_claim: undefined } as const;
  const functions = {
    start: createStartHandler(ports, { ...plug, doctor: () => Promise.resolve([]) }),
    status: createStatusHandler(ports, { ...plug, long_poll_seconds: 2 }),
    cancel: createCancelHandler(ports, plug),
    mcp: createMcpHandler(ports, { ...plug, long_poll_seconds: 2 }),
  };
  const functionFor = (method: string, path: string) => {
    if (method === 'POST' && path === '/mcp') return functions.mcp;
    if (method === 'POST' && ['/v1/jobs', '/v1/doctor'].includes(path)) return functions.start;
    if (method === 'POST' && /^\/v1\/jobs\/[^/]+\/cancel$/.test(path)) return functions.cancel;
    return functions.status;
  };
  const fetched = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const answered = await functionFor(request.method, pathname)(await eventOf(request));
    const { statusCode, body, headers } = answered;
    const empty = [204, 304].includes(statusCode);
    return new Response(empty ? null : body, { status: statusCode, headers });
  };
  return {
    fetch: fetched,
    listen: () => listen(fetched),
    close: async () => {
      await dynamo.close();
      await echo.close();
    },
  };
}

/** A request as an HTTP API brings it, payload 2.0; the body in base64, whatever its bytes are. */
async function eventOf(request: Request): Promise<ApiEvent> {
  const url = new URL(request.url);
  const owner = request.headers.get('x-owner') ?? 'me';
  const iam = { accountId: '123456789012', userArn: `arn:aws:sts::123456789012:assumed-role/${owner}/run` };
  const body = Buffer.from(await request.arrayBuffer());
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: { host: url.host, ...Object.fromEntries(request.headers) },
    requestContext: {
      domainName: url.host,
      http: { method: request.method, path: url.pathname },
      authorizer: { iam },
    },
    body: body.toString('base64'),
    isBase64Encoded: true,
  };
  return event;
}

async function listen(serve: FuzzedEngine['fetch']): ReturnType<FuzzedEngine['listen']> {
  const statuses: number[] = [];
  const server = createServer(async (request, response) => {
    const headers = { ...(request.headers as Record<string, string>), 'x-owner': 'me' };
    const body = await buffer(request);
    const method = request.method ?? 'GET';
    const url = `http://127.0.0.1${request.url}`;
    const answered = await serve(new Request(url, { method, headers, ...(body.length === 0 ? {} : { body }) }));
    statuses.push(answered.status);
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    response.end(Buffer.from(await answered.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens always has one
  return {
    url: `http://127.0.0.1:${port}`,
    statuses,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
