import { describe, expect, it } from 'vitest';
import { startBody } from '../support/world.ts';
import { apiWorld, jobIn, problemIn } from './api-world.ts';

describe('percent escapes in a path', () => {
  it.each(['/v1/j%6Fbs', '/v1/%6bin%64s', '/%68ealth'])('are decoded: %s is served', async (path) => {
    const asked = new Request(`http://127.0.0.1:4646${path}`, { headers: { 'x-owner': 'me' } });
    expect((await apiWorld().fetch(asked)).status).toBe(200);
  });
  it('are decoded in a job id, once', async () => {
    const api = apiWorld();
    const { job_id } = jobIn(await api.post('/v1/jobs', startBody()));
    expect((await api.send(`/v1/jobs/${job_id.replace('job', 'j%6Fb')}`)).status).toBe(200);
    expect((await api.send(`/v1/jobs/${job_id.replace('job', 'j%256Fb')}`)).status).toBe(404);
  });
  it.each(['/v1%2Fjobs', '/v1/jobs%2Fx%2Fcancel/y', '/v1/jobs%zz'])(
    'make no other parts: %s is no route',
    async (path) => {
      expect(problemIn(await apiWorld().send(path)).code).toBe('ROUTE_NOT_FOUND');
    },
  );
  it.each(['%zz', '%ff', '%', 'a%2Fb', '%25'])('may be malformed in an id: %s is no job', async (id) => {
    expect(problemIn(await apiWorld().send(`/v1/jobs/${id}`)).code).toBe('JOB_NOT_FOUND');
  });
  it('open no route that asks who is calling', async () => {
    const open = apiWorld({ open_health: true });
    const status = async (path: string) => (await open.fetch(new Request(`http://127.0.0.1:4646${path}`))).status;
    expect([await status('/%68ealth'), await status('/health%2F'), await status('/v1/%6bin%64s')]).toEqual([
      200, 401, 401,
    ]);
  });
});

describe('a query', () => {
  it('is refused by its names as they were meant, each once', async () => {
    const got = await apiWorld().send('/v1/kinds?a%20b=1&c+d&%ff=x&e&e&=nobody&&__proto__=1');
    expect(problemIn(got).errors.map(({ path }) => path)).toEqual(['a b', 'c d', '%ff', 'e', '__proto__']);
  });
  it('is read with its values decoded', async () => {
    const api = apiWorld();
    expect((await api.send('/v1/jobs?stat%75s=r%75nning&limit=%31')).status).toBe(200);
    expect(problemIn(await api.send('/v1/jobs?limit=1&limit=1')).errors.map(({ path }) => path)).toEqual(['limit']);
    expect(problemIn(await api.send('/v1/jobs?limit')).errors.map(({ path }) => path)).toEqual(['limit']);
  });
});
