import { describe, expect, it } from 'vitest';
import { doctorReportSchema, eventPageSchema, jobPageSchema, kindListSchema } from '../../lib/api/answer-schemas.ts';
import { answers, startBody, world } from '../support/world.ts';
import { apiWorld, jobIn, problemIn } from './api-world.ts';

describe('GET /v1/jobs', () => {
  it('lists my jobs newest first, twenty a page', async () => {
    const api = apiWorld();
    for (let number = 0; number < 21; number++) {
      await api.post('/v1/jobs', startBody({ name: `job ${number}` }));
      api.jump(1);
    }
    await api.post('/v1/jobs', startBody(), { as: 'you' });
    const first = jobPageSchema.parse((await api.send('/v1/jobs')).body);
    expect(first.items.map((job) => job.name)).toEqual(Array.from({ length: 20 }, (_, back) => `job ${20 - back}`));
    expect(first.has_more).toBe(true);
    const rest = jobPageSchema.parse((await api.send(`/v1/jobs?cursor=${first.next_cursor}`)).body);
    expect(rest).toMatchObject({ items: [{ name: 'job 0' }], next_cursor: null, has_more: false });
  });

  it('filters by status and kind', async () => {
    const api = apiWorld();
    const { job_id } = jobIn(await api.post('/v1/jobs', startBody()));
    await api.post(`/v1/jobs/${job_id}/cancel`, { remote: false });
    await api.post('/v1/jobs', startBody());
    const idsOf = async (query: string): Promise<number> =>
      jobPageSchema.parse((await api.send(`/v1/jobs?${query}`)).body).items.length;
    expect(await idsOf('status=running')).toBe(1);
    expect(await idsOf('status=cancelled&kind=http')).toBe(1);
    expect(await idsOf('kind=http-lro')).toBe(0);
    expect(await idsOf('limit=1')).toBe(1);
  });

  it.each([
    ['status=done', ['status']],
    ['limit=0', ['limit']],
    ['limit=101&kind=', ['kind', 'limit']],
    ['cursor=', ['cursor']],
    ['__proto__=1&constructor=2', ['__proto__', 'constructor']],
  ])('rejects the query %s', async (query, paths) => {
    const got = await apiWorld().send(`/v1/jobs?${query}`);
    expect(got.status).toBe(400);
    expect(
      problemIn(got)
        .errors.map(({ path }) => path)
        .sort(),
    ).toEqual(paths);
  });
});

describe('GET /v1/events', () => {
  it('serves my inbox in order and goes on from the cursor', async () => {
    const api = apiWorld();
    api.remote.status = (_call, number) => answers({ state: number < 3 ? 'NEEDS_APPROVAL' : 'FINISHED' });
    const { job_id } = jobIn(await api.post('/v1/jobs', startBody()));
    await api.advance(60);
    const first = eventPageSchema.parse((await api.send('/v1/events?limit=1')).body);
    expect(first).toMatchObject({
      events: [{ type: 'job.blocked', data: { job_id, phase: 'blocked' } }],
      has_more: true,
    });
    const rest = eventPageSchema.parse((await api.send(`/v1/events?cursor=${first.next_cursor}`)).body);
    expect(rest).toMatchObject({ events: [{ type: 'job.settled', data: { status: 'complete' } }], has_more: false });
    expect(eventPageSchema.parse((await api.send('/v1/events', { as: 'you' })).body).events).toEqual([]);
  });

  it('holds an empty answer until an event comes or the time is up', async () => {
    const api = apiWorld();
    api.remote.status = (_call, number) => answers({ state: number < 3 ? 'RUNNING' : 'FINISHED' });
    await api.post('/v1/jobs', startBody());
    const begun_ms = api.now();
    const got = eventPageSchema.parse((await api.send('/v1/events?wait_seconds=25')).body);
    expect(got.events.map((event) => event.type)).toEqual(['job.settled']);
    expect(api.now() - begun_ms).toBeLessThan(12_000);
    const empty = eventPageSchema.parse((await api.send(`/v1/events?wait_seconds=3&cursor=${got.next_cursor}`)).body);
    expect(empty.events).toEqual([]);
  });
});

describe('the server itself', () => {
  it('lists the kinds and what their requests bring', async () => {
    const runs = {
      name: 'runs',
      transport: 'http',
      start: { url: '/runs/{suite}', body: { branch: '{branch}' } },
      handle: { id: 'id' },
      status: { url: '/runs/{id}' },
      acceptors: [{ state: 'success', matcher: { httpStatus: [200] } }],
    };
    const api = apiWorld({}, world({ configuration: { kinds: [runs] } }));
    const { kinds } = kindListSchema.parse((await api.send('/v1/kinds')).body);
    expect(kinds.map((kind) => kind.name)).toEqual([
      'http',
      'http-lro',
      'mcp-tool',
      'octoperf-scenario',
      'octoperf-validation',
      'octoperf-pdf-export',
      'octoperf-correlation',
      'runs',
    ]);
    expect(kinds[0]).toMatchObject({
      carries_calls: true,
      starts: true,
      needs_acceptors: true,
      input: ['start', 'handle', 'status', 'progress', 'cancel'],
    });
    expect(kinds[3]).toMatchObject({
      starts: true,
      cancels: true,
      input: ['scenarioId', 'templateId?'],
      handle: ['benchResultIds', 'benchReportId?', 'scenarioId?'],
      expected_seconds: 600,
    });
    expect(kinds.at(-1)).toMatchObject({
      carries_calls: false,
      starts: true,
      cancels: false,
      needs_acceptors: false,
      input: ['suite', 'branch'],
      handle: ['id'],
    });
  });

  it('answers its health to who is known, or to anybody where that is opened', async () => {
    expect((await apiWorld().send('/health')).body).toEqual({ ok: true, version: '0.0.0-test', engine: 'embedded' });
    const unknown = new Request('http://127.0.0.1:4646/health');
    expect((await apiWorld().fetched(unknown)).status).toBe(401);
    const open = apiWorld({ open_health: true });
    expect((await open.fetched(unknown)).status).toBe(200);
    expect((await open.fetched(new Request('http://127.0.0.1:4646/v1/kinds'))).status).toBe(401);
  });

  it('looks around when it has a doctor, and has no such route when not', async () => {
    const asked: unknown[] = [];
    const api = apiWorld({
      doctor: (options) => {
        asked.push(options);
        return Promise.resolve([
          { name: 'connection ci', ok: false, message: 'refused', fix_command: 'untildone serve' },
        ]);
      },
    });
    const got = await api.post('/v1/doctor', { send_test: true });
    await api.post('/v1/doctor');
    expect(doctorReportSchema.parse(got.body).checks).toHaveLength(1);
    expect(asked).toEqual([{ send_test: true }, { send_test: false }]);
    expect((await api.post('/v1/doctor', { send: 1 })).status).toBe(400);
    const without = await apiWorld().post('/v1/doctor', {});
    expect([without.status, problemIn(without).code]).toEqual([404, 'ROUTE_NOT_FOUND']);
  });
});
