import {
  array,
  asyncProperty,
  constantFrom,
  dictionary,
  jsonValue,
  oneof,
  option,
  assert as prove,
  record,
  string,
  webQueryParameters,
  webSegment,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adoptBody, startBody } from '../support/world.ts';
import { apiWorld } from './api-world.ts';

const runs = { numRuns: 400 };
/** An object that says `__proto__` as a key of its own, as JSON.parse makes it. */
const odd: unknown = JSON.parse('{"__proto__":{"polluted":1},"constructor":[],"toString":null}');
const anything = oneof(
  jsonValue({ depthSize: 'medium' }),
  constantFrom<unknown>(odd, '{id}', '{', '', '__proto__', 1e308, -0, '\u0000', '\ud800'),
);
const bodies = [
  startBody(),
  adoptBody(),
  { kind: 'http-lro', connection: 'ci', input: { start: { url: '/exports' } } },
];
const paths = (value: unknown, above: string[] = []): string[][] =>
  value !== null && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, item]) => [[...above, key], ...paths(item, [...above, key])])
    : [];

/** A copy of `body` with another value at one of its paths. */
function spoiled(body: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined || body === null || typeof body !== 'object') return value;
  if (Array.isArray(body))
    return body.map((item, position) => (String(position) === key ? spoiled(item, rest, value) : item));
  return Object.fromEntries(
    Object.entries(body).map(([name, item]) => [name, name === key ? spoiled(item, rest, value) : item]),
  );
}

describe('whatever is sent', () => {
  it('never makes the start of a job our fault', async () => {
    const api = apiWorld();
    const broken = constantFrom(...bodies.flatMap((body) => paths(body).map((path) => ({ body, path }))));
    const body = oneof(
      anything,
      record({ at: broken, value: anything }).map(({ at, value }) => spoiled(at.body, at.path, value)),
      record({ from: constantFrom(...bodies), extra: dictionary(string(), anything) }).map(({ from, extra }) => ({
        ...from,
        ...extra,
      })),
    );
    await prove(
      asyncProperty(body, option(string({ unit: 'grapheme-ascii', maxLength: 20 })), async (sent, key) => {
        const text = JSON.stringify(sent) ?? 'undefined';
        const got = await api.post('/v1/jobs', text, key === null ? {} : { headers: { 'idempotency-key': key } });
        expect(got.status).toBeLessThan(500);
      }),
      runs,
    );
  });

  it('never makes a body of options, in any bytes and content type, our fault', async () => {
    const api = apiWorld({ doctor: () => Promise.resolve([]) });
    const type = oneof(
      constantFrom('application/json', 'application/json; charset=', 'text/plain', 'application/+json', ';'),
      string({ unit: 'grapheme-ascii', maxLength: 30 }),
    );
    await prove(
      asyncProperty(
        oneof(
          anything.map((value) => JSON.stringify(value) ?? ''),
          string({ unit: 'binary' }),
        ),
        type,
        async (text, content_type) => {
          for (const path of ['/v1/jobs', '/v1/doctor', `/v1/jobs/job_${'0'.repeat(26)}/cancel`])
            expect((await api.post(path, text, { headers: { 'content-type': content_type } })).status).toBeLessThan(
              500,
            );
        },
      ),
      runs,
    );
  });

  it('never makes a path or a query our fault', async () => {
    const api = apiWorld();
    await api.post('/v1/jobs', startBody());
    const known = constantFrom('wait_seconds', 'limit', 'cursor', 'status', 'kind', '__proto__', 'constructor');
    const query = oneof(
      webQueryParameters(),
      array(record({ name: known, value: oneof(webSegment(), constantFrom('1', '0', '25', 'running', '%', '%ff')) }), {
        maxLength: 4,
      }).map((all) => all.map(({ name, value }) => `${name}=${value}`).join('&')),
    );
    const path = oneof(
      constantFrom('/v1/jobs', '/v1/events', '/v1/kinds', '/v1/openapi.json', '/health'),
      array(webSegment(), { maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
      webSegment().map((id) => `/v1/jobs/${id}`),
    );
    await prove(
      asyncProperty(path, query, constantFrom('GET', 'POST', 'HEAD', 'DELETE', 'PUT'), async (where, asked, method) => {
        expect((await api.send(`${where}?${asked}`, { method })).status).toBeLessThan(500);
      }),
      runs,
    );
    expect(api.logged).toEqual([]);
  });

  it('never makes a header our fault', async () => {
    const api = apiWorld({ allowed_hosts: ['127.0.0.1'] });
    const name = constantFrom(
      'host',
      'origin',
      'x-request-id',
      'if-none-match',
      'idempotency-key',
      'content-length',
      'content-type',
    );
    const value = oneof(
      string({ unit: 'grapheme-ascii', maxLength: 40 }),
      constantFrom('127.0.0.1', 'http://127.0.0.1', '[::1', '*', 'W/', '-1', 'NaN'),
    );
    await prove(
      asyncProperty(dictionary(name, value), async (headers) => {
        for (const body of [undefined, startBody()])
          expect(
            (await api.send('/v1/jobs', { method: body === undefined ? 'GET' : 'POST', body, headers })).status,
          ).toBeLessThan(500);
      }),
      runs,
    );
  });
});
