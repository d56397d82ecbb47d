import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import type { JobDescriptor } from '../../lib/core/descriptor.ts';
import type { JobEvent } from '../../lib/ports.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { acceptors } from '../support/world.ts';

const close: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of close.splice(0).reverse()) await one();
});
const script = fileURLToPath(new URL('../support/serve-embedded.ts', import.meta.url));
const seed = Number(process.env['UNTILDONE_TEST_SEED'] ?? 20_261_121);

/** Mulberry32: the same moments in every run. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
type Asked = { method: string; path: string; body: string; headers: IncomingMessage['headers'] };

async function listening(answer: (asked: Asked) => { status: number; body?: unknown }): Promise<string> {
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const reply = answer({ method, path, body, headers });
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body ?? {}));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

/** A child with the real server, and how to end it. */
async function spawned(argv: string[]): Promise<{ url: string; kill: () => Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, [script, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  close.push(kill);
  const said = await Promise.race([once(child.stdout ?? child, 'data'), exited]);
  return { url: String(said[0]).trim(), kill };
}

it(`loses no acknowledged job and starts none twice, killed again and again (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const directory = temporaryDirectory();
  close.push(directory.remove);
  const starts = new Map<string, number>();
  const endedAt = new Map<string, number>();
  const settledSeen = new Set<string>();
  const callsAfterTheEnd: string[] = [];
  /** Runs end with their first or second look. */
  const upstream = await listening(({ method, path, body }) => {
    if (method === 'POST') {
      const { run } = JSON.parse(body) as { run: string };
      starts.set(run, (starts.get(run) ?? 0) + 1);
      return { status: 201, body: { id: run } };
    }
    const run = path.slice('/runs/'.length);
    if (settledSeen.has(run)) callsAfterTheEnd.push(run);
    const looks = (endedAt.get(run) ?? 0) + 1;
    endedAt.set(run, looks);
    return { status: 200, body: { state: looks > Number(run.slice(4)) % 2 ? 'FINISHED' : 'RUNNING', run } };
  });
  const hooked = new Map<string, Set<string>>();
  const hook = await listening(({ headers, body }) => {
    const event_id = String(headers['webhook-id']);
    const first = !hooked.has(event_id);
    hooked.set(event_id, (hooked.get(event_id) ?? new Set()).add(body));
    // One in four is not taken at first, so that deliveries are pending when the process dies.
    return { status: first && random() < 0.25 ? 503 : 204 };
  });

  const acknowledged = new Map<string, string>();
  const refused = new Map<string, string>();
  const wanted = Array.from({ length: 200 }, (_, number) => `run-${number}`);
  let server = await spawned([directory.path, upstream, hook]);

  async function register(run: string): Promise<void> {
    const response = await fetch(`${server.url}/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': run },
      body: JSON.stringify({
        kind: 'http',
        connection: 'ci',
        name: run,
        expected_seconds: 10,
        input: { start: { url: '/runs', body: { run } }, handle: { id: 'id' }, status: { url: '/runs/{id}' } },
        acceptors,
        paths: { upstream_state: 'state' },
      }),
    });
    const job = (await response.json()) as JobDescriptor & { job?: JobDescriptor };
    if (response.ok) {
      acknowledged.set(run, job.job_id);
      if (job.terminal) settledSeen.add(run);
    } else refused.set(run, JSON.stringify(job));
  }
  /** Registers what is not acknowledged yet, sixteen at once, until all is done or the server is gone. */
  async function registerAll(): Promise<void> {
    const left = wanted.filter((run) => !acknowledged.has(run));
    const one = async (): Promise<void> => {
      for (let run = left.shift(); run !== undefined; run = left.shift()) {
        try {
          await register(run);
        } catch {
          return; // Killed: the answer never came.
        }
      }
    };
    await Promise.all(Array.from({ length: 16 }, one));
  }
  async function inbox(): Promise<JobEvent[]> {
    const events: JobEvent[] = [];
    for (let cursor = '', more = true; more; ) {
      const response = await fetch(`${server.url}/v1/events?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const page = (await response.json()) as { events: JobEvent[]; next_cursor: string; has_more: boolean };
      events.push(...page.events);
      cursor = page.next_cursor;
      more = page.has_more;
    }
    return events;
  }

  for (let round = 0; round < 6; round += 1) {
    const registering = registerAll();
    await new Promise((resolve) => setTimeout(resolve, 20 + random() * (round < 4 ? 180 : 700)));
    await server.kill();
    await registering;
    server = await spawned([directory.path, upstream, hook]);
    // What the inbox shows as settled is durable: no look may follow.
    for (const { type, data } of await inbox()) if (type === 'job.settled') settledSeen.add(data.name ?? '');
  }
  await registerAll();
  expect([...acknowledged.keys()].sort()).toEqual([...wanted].sort());
  expect([...refused.values()]).toEqual([]);

  const vanished: string[] = [];
  for (const job_id of acknowledged.values())
    if ((await fetch(`${server.url}/v1/jobs/${job_id}`)).status !== 200) vanished.push(job_id);
  expect(vanished).toEqual([]);

  let events = await inbox();
  let after = '';
  while (events.filter(({ type }) => type === 'job.settled').length < wanted.length) {
    // Long polls: the server says when there is more.
    const response = await fetch(
      `${server.url}/v1/events?wait_seconds=5&limit=100${after === '' ? '' : `&cursor=${after}`}`,
    );
    after = ((await response.json()) as { next_cursor: string }).next_cursor;
    events = await inbox();
  }
  const settled = events.filter(({ type }) => type === 'job.settled');
  const ids = settled.map(({ data }) => data.job_id);
  expect([...ids].sort()).toEqual([...acknowledged.values()].sort());
  // A process that dies between a start call and its answer leaves a run that nobody knows: said, never started again.
  expect(new Set(settled.map(({ data }) => data.reason ?? data.status))).toEqual(
    new Set(settled.some(({ data }) => data.reason !== null) ? ['complete', 'start_unknown'] : ['complete']),
  );
  expect([...starts.values()].filter((count) => count !== 1)).toEqual([]);
  expect(callsAfterTheEnd).toEqual([]);

  const missing = (): string[] => settled.map(({ event_id }) => event_id).filter((event_id) => !hooked.has(event_id));
  while (missing().length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  expect([...hooked.keys()].sort()).toEqual(settled.map(({ event_id }) => event_id).sort());
  expect([...hooked.values()].filter((bodies) => bodies.size !== 1)).toEqual([]);
  const running = (await (await fetch(`${server.url}/v1/jobs?status=running`)).json()) as { items: unknown[] };
  expect(running.items).toEqual([]);
  // Some fifteen boots: on a busy machine they take their time.
}, 90_000);
