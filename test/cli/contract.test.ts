import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { allCommands } from '../../lib/cli/commands/all-commands.ts';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { handClock, run } from './support/run.ts';
import { type Asked, type Reply, scriptedServer } from './support/scripted-server.ts';

const long = (length: number): string => 'x'.repeat(length);
const bigJob = aJob({
  status: 'failed',
  reason: 'upstream_failed',
  message: long(2048),
  warnings: [long(500), long(500), long(500)],
  result: { text: long(8000) },
  observed: { _source: 'external', _trusted: false, value: { text: long(8000) } },
});
const bigEvent = { event_id: 'evt_1', type: 'job.settled', timestamp: '2026-11-21T09:10:00Z', data: bigJob };
const bigKind = {
  name: 'k',
  transport: 'http',
  description: long(200),
  starts: true,
  cancels: true,
  input: [],
  handle: [],
};

/** A server whose answers are as long as they get; it pages as ours does. */
const bigServer = (count = 100) =>
  scriptedServer(({ path, method, query }): Reply => {
    const limit = Number(query['limit'] ?? 20);
    const from = Number(query['cursor'] ?? 0);
    const rows = <Row>(row: (number: number) => Row): Row[] =>
      Array.from({ length: Math.min(limit, count - from) }, (_, index) => row(from + index));
    const next_cursor = String(from + Math.min(limit, count - from));
    const page = { next_cursor, has_more: Number(next_cursor) < count };
    if (path === '/health') return { json: { ok: true, version: '1', engine: 'embedded' } };
    if (path === '/v1/doctor')
      return { json: { checks: rows((number) => ({ name: `c${number}`, ok: number > 2, message: long(300) })) } };
    if (path === '/v1/kinds') return { json: { kinds: rows((number) => ({ ...bigKind, name: `k${number}` })) } };
    if (path === '/v1/events')
      return { json: { events: rows((number) => ({ ...bigEvent, event_id: `evt_${number}` })), ...page } };
    if (path === '/v1/jobs' && method === 'GET')
      return { json: { items: rows((number) => ({ ...bigJob, name: `job ${number}` })), ...page } };
    return { status: method === 'POST' ? 202 : 200, json: bigJob };
  });

const start = ['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '{}'];
const adopt = ['job', 'adopt', '--kind', 'http', '--connection', 'ci', '--handle', '{}'];

describe('the size of an answer', () => {
  const calls = [
    start,
    adopt,
    ['job', 'status', jobId],
    ['job', 'wait', jobId],
    ['job', 'cancel', jobId],
    ['job', 'list'],
    ['job', 'events'],
    ['kinds'],
    ['doctor'],
    ['check-permissions'],
    ['--help'],
    ['job', 'start', '--help'],
    ['job', 'start'],
  ];
  it.each(calls)('stays under 2 KB: %s %s %s', async (...argv) => {
    const server = await bigServer();
    const { stdout } = await run(
      argv.filter((word) => word !== undefined),
      { endpoint: server.url },
    );
    expect(Buffer.byteLength(stdout)).toBeLessThan(2048);
  });

  it('knows every command but those that are asked for everything', () => {
    const tried = calls.map((argv) =>
      argv
        .filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith('-'))
        .slice(0, 2)
        .join(' '),
    );
    const names = allCommands.map(({ path }) => path.join(' '));
    expect(names.filter((name) => !tried.some((one) => one === name || one.startsWith(`${name} `)))).toEqual([
      'serve',
      'manifest',
    ]);
  });

  it('says what was left out, and gives all of it with --full', async () => {
    const server = await bigServer();
    const short = await run(['job', 'status', jobId], { endpoint: server.url });
    expect(short.envelope.data).toMatchObject({ job_id: jobId, result: null, reason: 'upstream_failed' });
    expect(short.envelope.meta).toMatchObject({
      truncated: true,
      left_out: expect.arrayContaining(['observed.value', 'result']),
      truncation_hint: expect.stringContaining(`untildone job status ${jobId} --full`),
    });
    const full = await run(['job', 'status', jobId, '--full'], { endpoint: server.url });
    expect(full.envelope.data).toMatchObject({ result: { text: long(8000) }, message: long(2048) });
    expect(full.envelope.meta).not.toHaveProperty('truncated');
  });

  it('has fewer rows where twenty would not fit, and goes on without skipping one', async () => {
    const server = await bigServer(12);
    const names: unknown[] = [];
    for (let cursor: string | undefined; ; ) {
      const argv = ['job', 'list', ...(cursor === undefined ? [] : ['--cursor', cursor])];
      const { envelope } = await run(argv, { endpoint: server.url });
      const page = envelope.data as unknown as { items: { name: string }[]; next_cursor: string; has_more: boolean };
      names.push(...page.items.map(({ name }) => name));
      cursor = page.next_cursor;
      if (!page.has_more) break;
    }
    expect(names).toEqual(Array.from({ length: 12 }, (_, number) => `job ${number}`));
  });

  it('has as many rows as are asked for, brief ones, and all of them with --limit 0', async () => {
    const server = await bigServer(250);
    const forty = await run(['job', 'list', '--limit', '40'], { endpoint: server.url });
    expect(forty.envelope.meta).toMatchObject({
      pagination: { returned: 40, has_more: true, total: null },
      truncated: true,
    });
    const all = await run(['job', 'events', '--limit', '0'], { endpoint: server.url });
    expect(all.envelope.meta).toMatchObject({ pagination: { returned: 250, has_more: false } });
  });

  it('never passes 1 MiB, nor what UNTILDONE_MAX_OUTPUT_BYTES says', async () => {
    const server = await bigServer(100);
    const whole = await run(['job', 'list', '--full', '--limit', '100'], { endpoint: server.url });
    expect(Buffer.byteLength(whole.stdout)).toBeLessThan(1024 * 1024);
    expect(whole.envelope.meta).toMatchObject({
      truncated: true,
      truncation_hint: expect.stringContaining('next_cursor'),
    });
    const env = { UNTILDONE_MAX_OUTPUT_BYTES: '30000' };
    const small = await run(['job', 'list', '--full', '--limit', '100'], { endpoint: server.url, env });
    expect(Buffer.byteLength(small.stdout)).toBeLessThan(30_000);
  });
});

describe('what an answer is written as', () => {
  it.each([
    ['stdout is no terminal', {}, false],
    ['CI is set', { CI: 'true' }, true],
    ['GITHUB_ACTIONS is set', { GITHUB_ACTIONS: 'true' }, true],
    ['NO_COLOR is set', { NO_COLOR: '1' }, true],
  ])('is JSON where %s', async (_name, env, stdout) => {
    const server = await scriptedServer(() => ({ json: aJob({ status: 'complete' }) }));
    const ran = await run(['job', 'status', jobId], {
      endpoint: server.url,
      env,
      terminal: { stdout, stderr: stdout },
    });
    expect(ran.envelope.ok).toBe(true);
    expect(ran.stdout + ran.stderr).not.toContain('\u001b');
  });

  it('is rows with tabs for --output tsv, and text for --output plain', async () => {
    const json = { items: [aJob({ name: 'a\tb' })], next_cursor: null, has_more: false };
    const server = await scriptedServer(() => ({ json }));
    const tsv = await run(['job', 'list', '--output', 'tsv'], { endpoint: server.url });
    expect(tsv.stdout.split('\n').map((line) => line.split('\t').length)).toEqual([6, 6, 1]);
    const plain = await run(['job', 'list', '--output', 'plain'], { endpoint: server.url });
    expect(plain.stdout).toMatch(/^JOB +KIND/);
    expect((await run(['doctor', '--output', 'tsv'], { endpoint: server.url })).code).toBe(2);
  });

  it('is a line a row for --output jsonl, and the envelope with the cursor', async () => {
    const server = await bigServer(3);
    const { stdout } = await run(['job', 'events', '--output', 'jsonl', '--limit', '3'], { endpoint: server.url });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.event_id ?? line.data.next_cursor)).toEqual(['evt_0', 'evt_1', 'evt_2', '3']);
  });
});

describe('how the API is reached', () => {
  const listed: Reply = { json: { items: [], next_cursor: null, has_more: false } };

  it('takes the token from another variable with --token-env-var', async () => {
    const server = await scriptedServer(() => listed);
    const env = { MINE: 'secret-token' };
    await run(['job', 'list', '--token-env-var', 'MINE'], { endpoint: server.url, env });
    expect(server.asked[0]?.headers['authorization']).toBe('Bearer secret-token');
    expect((await run(['job', 'list', '--token-env-var', 'NONE'], { endpoint: server.url })).code).toBe(2);
  });

  it('says what it calls with --debug, and never the credential', async () => {
    const server = await scriptedServer(() => listed);
    const env = { UNTILDONE_TOKEN: 'secret-token' };
    const { stderr } = await run(['job', 'list', '--debug'], { endpoint: server.url, env });
    expect(stderr).toMatch(/^debug: GET http:\/\/127\.0\.0\.1:\d+\/v1\/jobs\?limit=20 \(authorization redacted\): 200/);
    expect(stderr).not.toContain('secret-token');
  });

  it('gives a connection the time of --connect-timeout', async () => {
    const server = await scriptedServer(() => listed);
    expect((await run(['job', 'list', '--connect-timeout', '3'], { endpoint: server.url })).code).toBe(0);
    expect(server.asked).toHaveLength(1);
  });

  it('goes through a proxy of the environment, except to this machine', async () => {
    const server = await scriptedServer(() => listed);
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, client) => {
      tunnels.push(request.url ?? '');
      const upstream = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(client);
        client.pipe(upstream);
      });
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const env = { HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    expect((await run(['job', 'list'], { endpoint: 'http://untildone.test:8080', env })).code).toBe(0);
    expect((await run(['job', 'list'], { endpoint: server.url, env })).code).toBe(0);
    expect(tunnels).toEqual(['untildone.test:8080']);
  });
});

describe('effects', () => {
  it('rehearses a hand-over with --dry-run: nothing is called but the list of kinds', async () => {
    const kinds = { kinds: [{ name: 'http', transport: 'http' }] };
    const server = await scriptedServer(() => ({ json: kinds }));
    const input = JSON.stringify({ start: { url: '/runs' }, handle: { id: 'id' }, status: { url: '/runs/{id}' } });
    const argv = ['job', 'start', '--connection', 'ci', '--input', input, '--dry-run', '--kind'];
    const { code, envelope } = await run([...argv, 'http'], { endpoint: server.url });
    expect([code, envelope.data]).toEqual([
      0,
      expect.objectContaining({
        effect: 'created',
        would_create: expect.anything(),
        would_affect: [expect.anything()],
      }),
    ]);
    expect((await run([...argv, 'nope'], { endpoint: server.url })).code).toBe(2);
    expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/kinds', 'GET /v1/kinds']);
  });

  it('judges a request with --validate-only and calls nobody', async () => {
    const server = await scriptedServer(() => listedNothing);
    const good = await run([...start, '--validate-only'], { endpoint: server.url });
    const bad = await run(['job', 'start', '--request', '{"kind":1}', '--validate-only'], { endpoint: server.url });
    expect([good.code, bad.code, server.asked.length]).toEqual([0, 2, 0]);
    expect(good.envelope.data).toMatchObject({ effect: 'noop' });
    expect(bad.envelope.error).toMatchObject({ phase: 'validation', problems: expect.any(Array) });
  });

  it('rehearses a cancel with --dry-run, and takes a confirmation that it does not need', async () => {
    const server = await scriptedServer(() => ({ json: aJob() }));
    const { envelope } = await run(['job', 'cancel', jobId, '--dry-run'], { endpoint: server.url });
    expect(envelope.data).toMatchObject({ effect: 'updated', would_cancel: true, would_affect: [{ job_id: jobId }] });
    expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
    for (const flags of [[], ['--confirm-destructive'], ['--yes', '--non-interactive']])
      expect((await run(['job', 'cancel', jobId, ...flags], { endpoint: server.url })).envelope.data).toMatchObject({
        effect: 'updated',
      });
  });

  it('tells a repeat by its key: the same job, and "noop"', async () => {
    const server = await scriptedServer((_asked: Asked, count) => ({
      status: 202,
      json: aJob(),
      headers: count === 1 ? {} : { 'idempotency-replayed': 'true' },
    }));
    const argv = [...start, '--idempotency-key', 'build-42'];
    const first = await run(argv, { endpoint: server.url });
    const again = await run(argv, { endpoint: server.url });
    expect(first.envelope.data).toMatchObject({ job_id: jobId, effect: 'created' });
    expect(again.envelope).toMatchObject({ data: { job_id: jobId, effect: 'noop' }, meta: { idempotency_hit: true } });
  });
});

const listedNothing: Reply = { json: { items: [], next_cursor: null, has_more: false } };

describe('check-permissions', () => {
  it('finds out what the credential may do without doing it', async () => {
    const server = await scriptedServer(({ path, method }) => {
      if (method === 'GET') return listedNothing;
      return path === '/v1/jobs' ? aProblem(400, 'INVALID_REQUEST') : aProblem(403, 'PERMISSION_DENIED');
    });
    const { code, envelope } = await run(['check-permissions'], { endpoint: server.url });
    expect([code, envelope.error?.code]).toEqual([7, 'PERMISSION_DENIED']);
    expect(envelope.data).toMatchObject({
      permissions: [
        { permission: 'read', granted: true },
        { permission: 'hand over', granted: true, required_scopes: [] },
        { permission: 'cancel', granted: false, commands: ['job cancel'] },
      ],
    });
    const open = await scriptedServer(({ path, method }) =>
      method === 'GET'
        ? listedNothing
        : aProblem(path === '/v1/jobs' ? 400 : 404, path === '/v1/jobs' ? 'INVALID_REQUEST' : 'JOB_NOT_FOUND'),
    );
    expect((await run(['check-permissions'], { endpoint: open.url })).code).toBe(0);
  });
});

describe('what comes from elsewhere', () => {
  it.each(['../jobs', 'job_%2e%2e', 'job_1%2f', 'job_1?x=1', 'job_1&x', 'job_1#x', 'job_$(id)', `${jobId}/cancel`])(
    'rejects the id %s without asking anybody',
    async (id) => {
      const server = await scriptedServer(() => ({ json: aJob() }));
      for (const verb of ['status', 'wait', 'cancel'])
        expect((await run(['job', verb, id], { endpoint: server.url })).code).toBe(5);
      expect(server.asked).toEqual([]);
    },
  );

  it('hands over what was polled only under its tags', async () => {
    const tagged = await scriptedServer(() => ({ json: aJob({ status: 'complete' }) }));
    expect((await run(['job', 'status', jobId], { endpoint: tagged.url })).envelope.data).toMatchObject({
      observed: { _source: 'external', _trusted: false, value: { state: 'RUNNING' } },
    });
    const bare = await scriptedServer(() => ({ json: { ...aJob(), observed: { state: 'RUNNING' } } }));
    expect((await run(['job', 'status', jobId], { endpoint: bare.url })).envelope.error?.code).toBe('MALFORMED_ANSWER');
  });
});

describe('a fix_command', () => {
  const unauthorised = aProblem(403, 'PERMISSION_DENIED');
  const problems: [name: string, argv: string[], reply: Reply][] = [
    ['an unknown id', ['job', 'status', jobId], aProblem(404, 'JOB_NOT_FOUND')],
    ['a malformed id', ['job', 'cancel', 'x'], listedNothing],
    ['a bad option', ['job', 'list', '--limitt', '1'], listedNothing],
    ['a bad request', start, aProblem(400, 'INVALID_REQUEST')],
    ['a forbidden call', ['job', 'list'], unauthorised],
    ['another server', ['job', 'list'], { text: '<html>' }],
    ['a running job', ['job', 'status', jobId], { json: aJob() }],
    ['a fault of the server', ['job', 'list'], aProblem(500, 'INTERNAL_ERROR')],
  ];
  it.each(problems)('runs as printed after %s', async (_name, argv, reply) => {
    const broken = await scriptedServer(() => reply);
    const { envelope } = await run(argv, { endpoint: broken.url, clock: handClock() });
    const command = envelope.error?.fix_command ?? '';
    expect(command).toMatch(/^untildone /);
    const sound = await scriptedServer(({ path }) =>
      path.startsWith('/v1/jobs/')
        ? { json: aJob({ status: 'complete' }) }
        : path === '/v1/kinds'
          ? { json: { kinds: [] } }
          : path === '/health'
            ? { json: { ok: true } }
            : path === '/v1/doctor'
              ? { json: { checks: [] } }
              : listedNothing,
    );
    const fixed = await run(command.split(' ').slice(1), { endpoint: sound.url });
    expect(fixed.code).toBe(0);
  });
});
