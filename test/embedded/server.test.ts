import { afterEach, expect, it } from 'vitest';
import { type EmbeddedServer, openEmbeddedServer } from '../../bin/embedded-server.ts';
import { readConfiguration } from '../../lib/core/configuration.ts';
import { openDatabase } from '../../lib/embedded/database.ts';
import { createSqliteJobStore } from '../../lib/embedded/sqlite-job-store.ts';
import { systemTimers } from '../../lib/embedded/timers.ts';
import { aJob } from '../contracts/records.ts';
import { answer, type FaultServer, type Respond, startFaultServer } from '../support/fault-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { adoptBody, startBody } from '../support/world.ts';

const close: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of close.splice(0).reverse()) await one();
});
const json = (status: number, body: unknown): string => answer(status, JSON.stringify(body));

async function upstreamThat(respond: Respond): Promise<FaultServer> {
  const upstream = await startFaultServer(respond);
  close.push(upstream.close);
  return upstream;
}
type Opening = { upstream?: FaultServer; env?: NodeJS.ProcessEnv; directory?: string };
const logged: string[] = [];

async function opened({ upstream, env = {}, directory }: Opening = {}): Promise<EmbeddedServer> {
  const place = directory ?? temporary();
  const read = readConfiguration({
    connections: {
      ci: {
        transport: 'http',
        url: upstream?.origin ?? 'http://127.0.0.1:1',
        allow_http: true,
        allow_private_network: true,
      },
    },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  logged.length = 0;
  const server = await openEmbeddedServer({
    configuration: read.configuration,
    configuration_directory: place,
    data_directory: place,
    host: '127.0.0.1',
    port: 0,
    env,
    observer: { tick: () => undefined, event: () => undefined, delivery: () => undefined },
    log: (line) => void logged.push(line),
  });
  close.push(server.close);
  return server;
}
function temporary(): string {
  const directory = temporaryDirectory();
  close.push(directory.remove);
  return directory.path;
}
const post = (server: EmbeddedServer, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

it('lets a start under way end before it stops: it is answered, and its handle is kept', async () => {
  const begun = Promise.withResolvers<() => void>();
  const upstream = await upstreamThat(({ method }, socket) => {
    if (method !== 'POST') return json(200, { state: 'RUNNING' });
    begun.resolve(() => void socket.write(json(201, { id: '42' })));
    return undefined;
  });
  const directory = temporary();
  const server = await opened({ upstream, directory });
  const started = post(server, '/v1/jobs', startBody({ first_check: 'later' }));
  const reply = await begun.promise;
  const closed = server.close();
  // Longer than connections are waited for that do not matter.
  setTimeout(reply, 900);
  const response = await started;
  const { job_id } = (await response.json()) as { job_id: string };
  expect(response.status).toBe(202);
  await closed;
  const again = await opened({ upstream, directory });
  expect((await again.engine.ports.jobs.load(job_id))?.handle).toEqual({ id: '42' });
  expect(upstream.seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
});

it('holds up its end for nobody who waits, and tells them to come back', async () => {
  const upstream = await upstreamThat(() => json(200, { state: 'RUNNING' }));
  const server = await opened({ upstream });
  const response = await post(server, '/v1/jobs', adoptBody());
  const { job_id } = (await response.json()) as { job_id: string };
  const waiting = [`/v1/jobs/${job_id}?wait_seconds=25`, '/v1/events?wait_seconds=25'].map((path) =>
    fetch(server.url + path),
  );
  // Both are being waited for once a later request has been answered.
  await fetch(`${server.url}/health`);
  const begun_ms = performance.now();
  await server.close();
  expect(performance.now() - begun_ms).toBeLessThan(3_000);
  for (const one of waiting) {
    const held = await one;
    expect([held.status, ((await held.json()) as { code: string }).code]).toEqual([503, 'UNAVAILABLE']);
    expect(held.headers.get('retry-after')).not.toBeNull();
  }
  expect(logged).toEqual([]);
});

it('wants its token for everything but health', async () => {
  const server = await opened({ env: { UNTILDONE_TOKEN: 'open-sesame' } });
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(server.url + path, { headers })).status;
  expect(await status('/health')).toBe(200);
  expect(await status('/v1/jobs')).toBe(401);
  expect(await status('/v1/jobs', { authorization: 'Bearer open-sesam' })).toBe(401);
  expect(await status('/v1/jobs', { authorization: 'Bearer open-sesame-street' })).toBe(401);
  expect(await status('/v1/jobs', { authorization: 'Basic open-sesame' })).toBe(401);
  expect(await status('/v1/jobs', { authorization: 'bearer open-sesame' })).toBe(200);
  expect((await post(server, '/v1/jobs', {})).status).toBe(401);
});

it('fails on a record that cannot be read and is not due yet, and leaves its directory free', async () => {
  const directory = temporary();
  const database = openDatabase(directory);
  const store = createSqliteJobStore(database, systemTimers);
  const job = aJob();
  await store.create(job);
  const { job_id, generation_ms } = job;
  const later_ms = Date.now() + 3_600_000;
  const claim = { proven: true, now_ms: 0, lease_until_ms: 0, unsaved_claims: 1, next_check_at_ms: later_ms };
  await store.claim({ ref: { job_id, generation_ms }, expected_checks: 0, ...claim });
  store.ended({ job_id, generation_ms }, 1);
  await store.stop();
  database.sql.exec("UPDATE jobs SET hot = '{'");
  database.close();
  await expect(opened({ directory })).rejects.toMatchObject({
    code: 'CONFIG_ERROR',
    message: expect.stringContaining('is damaged or no untildone file'),
  });
  openDatabase(directory).close();
});

it('fails on a directory that another server holds, and leaves its address free', async () => {
  const directory = temporary();
  const first = await opened({ directory });
  await expect(opened({ directory })).rejects.toMatchObject({
    code: 'CONFIG_ERROR',
    message: expect.stringContaining('held by another untildone of this process'),
  });
  expect((await fetch(`${first.url}/health`)).status).toBe(200);
});
