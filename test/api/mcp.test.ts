import { asyncProperty, constantFrom, dictionary, jsonValue, oneof, assert as prove, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descriptorSchema } from '../../lib/api/descriptor-schema.ts';
import { adoptBody, answers, startBody } from '../support/world.ts';
import { apiWorld } from './api-world.ts';
import { mcpClient } from './mcp-client.ts';

const modes = [
  ['auto', 'modern'],
  [{ pin: '2026-07-28' }, 'modern'],
  ['legacy', 'legacy'],
] as const;

describe.each(modes)('the official client, negotiating %j', (mode, era) => {
  it('speaks its era, and lists the seven tools with schemas and hints', async () => {
    const { client } = await mcpClient(apiWorld(), mode);
    expect(client.getProtocolEra()).toBe(era);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'job_start',
      'job_adopt',
      'job_get',
      'job_wait',
      'job_cancel',
      'job_list',
      'job_events',
    ]);
    for (const tool of tools) {
      expect(tool.outputSchema?.['type']).toBe('object');
      expect(tool.annotations).toHaveProperty('readOnlyHint');
    }
  });

  it('starts, reads, waits, lists, cancels, reads its inbox, and its answers fit the schemas that were listed', async () => {
    const api = apiWorld();
    const { client, call } = await mcpClient(api, mode);
    // From now on the client checks every answer against its output schema.
    await client.listTools();
    const started = await call('job_start', { ...startBody(), idempotency_key: 'k1' });
    expect(started.error).toBe(false);
    const { job_id } = descriptorSchema.parse(started.structured);
    expect(started.brief).toEqual({
      job_id,
      status: 'running',
      terminal: false,
      reason: null,
      message: null,
      next_step: null,
    });
    expect((await call('job_get', { job_id })).sentence).toMatch(/ask again in \d+ s/);
    const begun_ms = api.now();
    const waited = await call('job_wait', { job_id, wait_seconds: 2 });
    expect([waited.error, waited.brief['status'], api.now() - begun_ms]).toEqual([false, 'running', 2000]);
    expect((await call('job_list', { status: 'running' })).brief).toMatchObject({
      items: [{ job_id }],
      has_more: false,
    });
    expect((await call('job_cancel', { job_id })).structured).toMatchObject({ phase: 'cancelling' });
    expect((await call('job_cancel', { job_id, remote: false })).brief).toMatchObject({ status: 'cancelled' });
    const inbox = await call('job_events');
    expect(inbox.brief).toMatchObject({ events: [{ type: 'job.settled', job: { job_id, status: 'cancelled' } }] });
  });
});

describe('the tools', () => {
  it('find the same job for the same key, also the one that HTTP handed over', async () => {
    const api = apiWorld();
    const { call } = await mcpClient(api);
    const first = await call('job_adopt', { ...adoptBody(), idempotency_key: 'k' });
    const again = await call('job_adopt', { ...adoptBody(), idempotency_key: 'k' });
    const http = await api.post('/v1/jobs', adoptBody(), { headers: { 'Idempotency-Key': 'k' } });
    expect(again.brief['job_id']).toBe(first.brief['job_id']);
    expect(http.body).toMatchObject({ job_id: first.brief['job_id'] });
  });
  it('make a key where there is none: two calls are two jobs', async () => {
    const { call } = await mcpClient(apiWorld());
    const ids = [await call('job_adopt', adoptBody()), await call('job_adopt', adoptBody())];
    expect(new Set(ids.map(({ brief }) => brief['job_id'])).size).toBe(2);
  });
  it('wait until the job has ended, and no longer', async () => {
    const api = apiWorld();
    const { call } = await mcpClient(api);
    const { brief } = await call('job_adopt', adoptBody());
    api.remote.status = () => answers({ state: 'FINISHED' });
    const begun_ms = api.now();
    const waited = await call('job_wait', { job_id: brief['job_id'], wait_seconds: 25 });
    expect(waited.brief).toMatchObject({ status: 'complete', terminal: true });
    expect(waited.sentence).toMatch(/has ended/);
    expect(api.now() - begun_ms).toBeLessThan(25_000);
  });
  it('say that a job runs on when the wait is over', async () => {
    const api = apiWorld();
    const { call } = await mcpClient(api);
    const { brief } = await call('job_adopt', adoptBody());
    const waited = await call('job_wait', { job_id: brief['job_id'], wait_seconds: 2 });
    expect([waited.error, waited.brief['status']]).toEqual([false, 'running']);
  });
  it('leave what is big out of lists', async () => {
    const api = apiWorld();
    api.remote.status = () => answers({ state: 'FINISHED', result: 'x'.repeat(5000) });
    const { call } = await mcpClient(api);
    await call('job_adopt', adoptBody());
    for (const name of ['job_list', 'job_events'])
      expect(JSON.stringify((await call(name)).structured)).not.toContain('xxxx');
  });
});

describe('what goes wrong', () => {
  it('is told all at once, with what to do', async () => {
    const { call } = await mcpClient(apiWorld());
    const refused = await call('job_start', { kind: 'nope', connection: 'nowhere', handle: {}, wat: 1 });
    expect(refused).toMatchObject({ error: true, brief: { code: 'INVALID_REQUEST', retryable: false } });
    const { errors } = refused.brief as { errors: { path: string }[] };
    expect(errors.map(({ path }) => path)).toEqual(expect.arrayContaining(['handle', 'kind', 'connection', 'wat']));
    expect(refused.sentence).toMatch(/Mend/);
  });
  it('carries the key to repeat it with', async () => {
    const api = apiWorld();
    api.ports.jobs.create = () => Promise.reject(new Error('secret of ours'));
    const broken = apiWorld({ ports: { ...api.ports, jobs: { ...api.ports.jobs } } });
    const { call } = await mcpClient(broken);
    const failed = await call('job_adopt', adoptBody());
    expect(failed).toMatchObject({ error: true, brief: { code: 'INTERNAL_ERROR' } });
    expect(failed.brief['idempotency_key']).toMatch(/^\S+$/);
    expect(JSON.stringify(failed)).not.toContain('secret of ours');
    expect(broken.logged).toHaveLength(1);
  });
  it('a start that the remote system refuses carries its job', async () => {
    const api = apiWorld();
    api.remote.start = () => answers({ message: 'no more licences' }, { http_status: 422 });
    const { call } = await mcpClient(api);
    expect(await call('job_start', startBody())).toMatchObject({
      error: true,
      brief: { code: 'START_REJECTED', job: { status: 'failed', message: 'no more licences' } },
    });
  });
  it('a job of somebody else is not found', async () => {
    const api = apiWorld();
    const { brief } = await (await mcpClient(api)).call('job_adopt', adoptBody());
    const { call } = await mcpClient(api, 'auto', 'you');
    for (const name of ['job_get', 'job_wait', 'job_cancel'])
      expect(await call(name, { job_id: brief['job_id'] })).toMatchObject({
        error: true,
        brief: { code: 'JOB_NOT_FOUND' },
      });
    expect((await call('job_list')).brief).toMatchObject({ items: [] });
  });
  it('a tool that there is not is a fault of the protocol', async () => {
    const { call } = await mcpClient(apiWorld());
    await expect(call('job_destroy')).rejects.toMatchObject({ code: -32602 });
  });
  it.each([
    ['job_wait', { job_id: 'x', wait_seconds: 26 }, 'wait_seconds'],
    ['job_get', {}, 'job_id'],
    ['job_list', { limit: 0 }, 'limit'],
    ['job_cancel', { job_id: 'x', remote: 'no' }, 'remote'],
    ['job_events', { cursor: 5 }, 'cursor'],
    ['job_start', { ...startBody(), idempotency_key: 'a b' }, 'idempotency_key'],
  ])('%s with %j names %s', async (name, args, path) => {
    const { call } = await mcpClient(apiWorld());
    expect(await call(name, args)).toMatchObject({ error: true, brief: { errors: [{ path }] } });
  });
});

describe('plain JSON-RPC', () => {
  const raw = (body: unknown, headers: Record<string, string> = {}, api = apiWorld(), method = 'POST') =>
    api.fetch(
      new Request('http://127.0.0.1:4646/mcp', {
        method,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'x-owner': 'me',
          host: '127.0.0.1:4646',
          ...headers,
        },
        ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
      }),
    );
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
  const modern = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  };

  it('of 2026 is answered with one JSON document', async () => {
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };
    const answer = await raw({ ...list, params: { _meta: modern } }, headers);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({ id: 1, result: { resultType: 'complete', ttlMs: 3_600_000 } });
  });
  it('of 2025 is answered without a session', async () => {
    const answer = await raw(list, { 'mcp-protocol-version': '2025-06-18' });
    expect([answer.status, answer.headers.get('mcp-session-id')]).toEqual([200, null]);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({
      id: 1,
      result: { tools: expect.arrayContaining([expect.anything()]) },
    });
  });
  it.each(['application/json', '*/*'])('that takes %s alone is answered too', async (accept) => {
    expect((await raw(list, { accept })).status).toBe(200);
  });
  it('that takes no JSON is refused', async () => {
    expect((await raw(list, { accept: 'text/event-stream' })).status).toBe(406);
  });
  it('with headers that contradict the body is refused', async () => {
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' };
    const answer = await raw({ ...list, params: { _meta: modern } }, headers);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: -32020 } }]);
  });
  it.each(['GET', 'DELETE'])('%s is refused with 405', async (method) => {
    const answer = await raw(undefined, {}, apiWorld(), method);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
  it('of nobody is refused with 401, of another site or host with 403', async () => {
    const api = apiWorld({ allowed_hosts: ['127.0.0.1'] });
    expect((await raw(list, { 'x-owner': 'nobody' }, api)).status).toBe(403);
    expect((await raw(list, { origin: 'https://evil.example' }, api)).status).toBe(403);
    expect((await raw(list, { host: 'evil.example' }, api)).status).toBe(403);
    const unnamed = await api.fetch(new Request('http://127.0.0.1:4646/mcp', { method: 'POST', body: '{}' }));
    expect([unnamed.status, unnamed.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });
  it('that is too large or no JSON is refused before the protocol sees it', async () => {
    expect((await raw(`"${'x'.repeat(70_000)}"`)).status).toBe(413);
    expect((await raw('{')).status).toBe(400);
    expect((await raw(`${'['.repeat(5000)}${']'.repeat(5000)}`)).status).toBe(400);
  });
});

describe('whatever a tool is called with', () => {
  it('is answered with an error the caller can mend, never with our fault', async () => {
    const api = apiWorld();
    const { client } = await mcpClient(api);
    const names = ['job_start', 'job_adopt', 'job_get', 'job_wait', 'job_cancel', 'job_list', 'job_events'];
    const value = oneof(
      jsonValue({ depthSize: 'medium' }),
      constantFrom<unknown>(
        ...Object.values(startBody()),
        ...Object.values(adoptBody()),
        '{id}',
        1e308,
        '\u0000',
        '\ud800',
      ),
    );
    const keys = constantFrom(
      'kind',
      'connection',
      'input',
      'handle',
      'job_id',
      'limit',
      'cursor',
      'remote',
      'wait_seconds',
      'idempotency_key',
      'acceptors',
      '__proto__',
    );
    const bodies = constantFrom<Record<string, unknown>>({}, startBody(), adoptBody(), {
      job_id: `job_${'0'.repeat(26)}`,
    });
    const given = record({ from: bodies, extra: dictionary(oneof(keys, string()), value, { maxKeys: 4 }) });
    await prove(
      asyncProperty(constantFrom(...names), given, async (name, { from, extra }) => {
        // A wait would only make the fuzz slow: time is simulated, but every look costs.
        const { wait_seconds: _, ...rest } = { ...from, ...extra };
        const { content } = await client.callTool({
          name,
          arguments: name === 'job_wait' ? { ...rest, wait_seconds: 0 } : rest,
        });
        const [json] = content;
        const brief = JSON.parse(json?.type === 'text' ? json.text : '');
        expect(brief['code']).not.toBe('INTERNAL_ERROR');
        expect(Object.keys(brief).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
    expect(api.logged).toEqual([]);
  });
});
