import { describe, expect, it } from 'vitest';
import { ConfigError, errorCodes, RequestError } from '../../lib/core/errors.ts';
import { startBody, world } from '../support/world.ts';
import { apiWorld, jobIn, problemIn } from './api-world.ts';

describe('an error', () => {
  it.each(errorCodes)('with the code %s is answered as a problem of its own', async (code) => {
    const api = apiWorld({
      ownerOf: () => {
        throw new RequestError(code, 'said in the error', {
          problems: [{ path: 'a.b', message: 'is wrong' }],
          retry_after_ms: 1,
        });
      },
    });
    const got = await api.send('/elsewhere');
    expect(problemIn(got)).toMatchObject({
      code,
      detail: 'said in the error',
      errors: [{ path: 'a.b', message: 'is wrong' }],
      retry_after_ms: 1,
    });
    expect(got.headers.get('retry-after')).toBe('1');
    expect(got.headers.get('www-authenticate')).toBe(code === 'UNAUTHENTICATED' ? 'Bearer' : null);
    expect(api.logged).toEqual([]);
  });

  it.each([
    ['an Error', new Error('password=hunter2 at db.internal')],
    ['a ConfigError', new ConfigError('there is no env HUNTER2')],
  ])('that is %s gives INTERNAL_ERROR, tells nothing and is logged', async (_what, cause) => {
    const given = world();
    const load = (): never => {
      throw cause;
    };
    const api = apiWorld({ ports: { ...given.ports, jobs: { ...given.ports.jobs, load } } }, given);
    const got = await api.send(`/v1/jobs/job_${'0'.repeat(26)}?wait_seconds=1`);
    expect([got.status, problemIn(got).code, problemIn(got).retryable]).toEqual([500, 'INTERNAL_ERROR', false]);
    expect(got.text).not.toMatch(/hunter2|internal\.|at .*\.ts/i);
    expect(api.logged).toMatchObject([
      [
        'request failed',
        { request_id: problemIn(got).request_id, method: 'GET', path: `/v1/jobs/job_${'0'.repeat(26)}`, error: cause },
      ],
    ]);
  });

  it('carries its job for the owner alone', async () => {
    const api = apiWorld();
    const { job_id } = jobIn(await api.post('/v1/jobs', startBody()));
    const countActive = (): never => {
      throw new RequestError('START_REJECTED', 'about that job', { job_id });
    };
    const failing = apiWorld({ ports: { ...api.ports, jobs: { ...api.ports.jobs, countActive } } }, api);
    expect(problemIn(await failing.post('/v1/jobs', startBody())).job?.job_id).toBe(job_id);
    expect(problemIn(await failing.post('/v1/jobs', startBody(), { as: 'you' })).job).toBeUndefined();
  });

  it('is still answered when its job cannot be read', async () => {
    const api = apiWorld();
    api.remote.start = () => {
      throw new RequestError('UNAVAILABLE', 'try again', { job_id: `job_${'0'.repeat(26)}` });
    };
    const { jobs } = api.ports;
    const failing = apiWorld(
      { ports: { ...api.ports, jobs: { ...jobs, load: () => Promise.reject(new Error('disk')) } } },
      api,
    );
    const got = await failing.post('/v1/jobs', startBody());
    expect([got.status, problemIn(got).job]).toEqual([503, undefined]);
    expect(failing.logged).toHaveLength(1);
  });
});

describe('who is calling', () => {
  it('is asked on every route under /v1 and beside it', async () => {
    const api = apiWorld({ doctor: () => Promise.resolve([]) });
    for (const { method, path } of api.routes) {
      const got = await api.fetched(new Request(`http://127.0.0.1:4646${path}`, { method }));
      expect([path, got.status, problemIn(got).code]).toEqual([path, 401, 'UNAUTHENTICATED']);
      expect(got.headers.get('www-authenticate')).toBe('Bearer');
      expect((await api.send(path, { method, as: 'nobody' })).status).toBe(403);
    }
  });

  it('fails closed when the credentials name nobody', async () => {
    expect((await apiWorld({ ownerOf: () => '' }).send('/v1/jobs')).status).toBe(401);
  });
});

describe('a route that is not there', () => {
  it.each([
    '/',
    '/v1',
    '/v1/',
    '/v2/jobs',
    '/v1/jobs/',
    '/v1/jobs/a/b',
    '/v1/jobs/a/cancel/b',
    '/V1/jobs',
    '/v1//jobs',
    '/v1/doctor',
  ])('gives ROUTE_NOT_FOUND at %s', async (path) => {
    const got = await apiWorld().send(path);
    expect([got.status, problemIn(got).code]).toEqual([404, 'ROUTE_NOT_FOUND']);
  });

  it('gives 405 with Allow where another method is served', async () => {
    const api = apiWorld();
    for (const [method, path, allow] of [
      ['DELETE', '/v1/jobs', 'POST, GET, HEAD'],
      ['POST', '/v1/jobs/x', 'GET, HEAD'],
      ['GET', '/v1/jobs/x/cancel', 'POST'],
      ['OPTIONS', '/health', 'GET, HEAD'],
    ] as const) {
      const got = await api.send(path, { method });
      expect([got.status, got.headers.get('allow'), problemIn(got).code]).toEqual([405, allow, 'ROUTE_NOT_FOUND']);
    }
  });
});

describe('X-Request-Id', () => {
  it('is taken over where it is plain, and made where it is not', async () => {
    const api = apiWorld();
    const idOf = async (given: string): Promise<string | null> =>
      (await api.send('/v1/kinds', { headers: { 'x-request-id': given } })).headers.get('x-request-id');
    expect(await idOf('a-Z.0_9')).toBe('a-Z.0_9');
    expect(await idOf('x'.repeat(64))).toBe('x'.repeat(64));
    for (const odd of ['', 'x'.repeat(65), 'two words', '<b>', 'a,b'])
      expect(await idOf(odd)).toMatch(/^[0-9a-z]{26}$/);
  });
});
