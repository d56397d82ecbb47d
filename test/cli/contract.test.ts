import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { handClock, run } from './support/run.ts';
import { type Asked, type Reply, scriptedServer } from './support/scripted-server.ts';

const start = ['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '{}'];

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
