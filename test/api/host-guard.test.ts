import { describe, expect, it } from 'vitest';
import { apiWorld, problemIn } from './api-world.ts';

const loopback = { allowed_hosts: ['127.0.0.1', 'localhost', '::1'] };

describe('a request from a web page', () => {
  it.each([
    ['https://evil.example', '127.0.0.1:4646'],
    ['http://127.0.0.1:9999', '127.0.0.1:4646'],
    ['http://localhost:4646', '127.0.0.1:4646'],
    ['null', '127.0.0.1:4646'],
    ['file://', '127.0.0.1:4646'],
    ['', '127.0.0.1:4646'],
    ['http://127.0.0.1:4646', '127.0.0.1'],
  ])('is rejected with the Origin %j for the Host %s', async (origin, host) => {
    const api = apiWorld();
    for (const method of ['GET', 'POST']) {
      const got = await api.send('/v1/jobs', { method, headers: { origin, host } });
      expect([got.status, problemIn(got).code]).toEqual([403, 'PERMISSION_DENIED']);
    }
  });

  it.each([
    ['http://127.0.0.1:4646', '127.0.0.1:4646'],
    ['http://LOCALHOST', 'localhost:80'],
    ['https://jobs.example', 'jobs.example'],
    ['http://[::1]:4646', '[::1]:4646'],
  ])('is answered with the Origin %s for the Host %s', async (origin, host) => {
    expect((await apiWorld().send('/v1/jobs', { headers: { origin, host } })).status).toBe(200);
  });

  it('is rejected before anybody asks who is calling', async () => {
    const got = await apiWorld({ open_health: true }).fetched(
      new Request('http://127.0.0.1:4646/health', { headers: { origin: 'https://evil.example' } }),
    );
    expect(got.status).toBe(403);
  });
});

describe('allowed_hosts', () => {
  it.each(['127.0.0.1', '127.0.0.1:4646', 'localhost:1', 'LocalHost', '[::1]:4646'])('answers to %s', async (host) => {
    expect((await apiWorld(loopback).send('/v1/kinds', { headers: { host } })).status).toBe(200);
  });

  it.each([
    'evil.example',
    '127.0.0.1.evil.example:4646',
    '127.0.0.2',
    'x@127.0.0.1',
    'localhost.',
    '[::2]',
    '127.0.0.1:4646:80',
    '',
  ])('rejects the host %j', async (host) => {
    const got = await apiWorld(loopback).send('/v1/kinds', { headers: { host } });
    expect([got.status, problemIn(got).code]).toEqual([403, 'PERMISSION_DENIED']);
  });

  it('takes the host of the address when there is no header', async () => {
    expect((await apiWorld(loopback).send('/v1/kinds')).status).toBe(200);
    expect((await apiWorld({ allowed_hosts: ['jobs.example'] }).send('/v1/kinds')).status).toBe(403);
  });
});
