import { describe, expect, it } from 'vitest';
import { maxBodyBytes } from '../../lib/api/read-body.ts';
import { startBody } from '../support/world.ts';
import { apiWorld, type Got, problemIn } from './api-world.ts';

/** A request whose body comes in pieces, without a declared length unless one is given. */
const streamed = (pieces: Iterable<Uint8Array>, headers: Record<string, string> = {}): Request =>
  new Request('http://127.0.0.1:4646/v1/jobs', {
    method: 'POST',
    headers: { 'x-owner': 'me', 'content-type': 'application/json', ...headers },
    body: ReadableStream.from(pieces),
    duplex: 'half',
  });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const padded = (size: number): string => {
  const body = JSON.stringify(startBody());
  return body + ' '.repeat(size - body.length);
};
const codeOf = (got: Got): [number, string] => [got.status, problemIn(got).code];

describe('the size of a body', () => {
  it('is accepted up to 64 KB and rejected one byte above', async () => {
    expect(maxBodyBytes).toBe(65_536);
    expect((await apiWorld().post('/v1/jobs', padded(65_536))).status).toBe(202);
    expect(codeOf(await apiWorld().post('/v1/jobs', padded(65_537)))).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('is counted in bytes, not in characters', async () => {
    const body = JSON.stringify(startBody({ name: '€'.repeat(190) }));
    const size = bytes(body).byteLength;
    expect((await apiWorld().post('/v1/jobs', body + ' '.repeat(65_536 - size))).status).toBe(202);
    expect((await apiWorld().post('/v1/jobs', body + ' '.repeat(65_537 - size))).status).toBe(413);
  });

  it('is rejected by its declared length before a byte is read', async () => {
    let read = 0;
    function* pieces(): Generator<Uint8Array> {
      read += 1;
      yield bytes('{}');
    }
    const request = streamed(pieces(), { 'content-length': '65537' });
    const before = read;
    expect(codeOf(await apiWorld().fetched(request))).toEqual([413, 'BODY_TOO_LARGE']);
    // A stream may take its first piece before anybody reads; the route takes none.
    expect(read - before).toBe(0);
  });

  it('is counted while a body without a length comes in, and the rest is not read', async () => {
    let sent = 0;
    function* endless(): Generator<Uint8Array> {
      for (;;) {
        sent += 1;
        yield bytes(' '.repeat(1024));
      }
    }
    expect(codeOf(await apiWorld().fetched(streamed(endless())))).toEqual([413, 'BODY_TOO_LARGE']);
    expect(sent).toBeLessThan(70);
  });

  it('is rejected when more comes in than was declared', async () => {
    const request = streamed([bytes(padded(65_537))], { 'content-length': '10' });
    expect(codeOf(await apiWorld().fetched(request))).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('does not keep a body in pieces from being read', async () => {
    const body = bytes(JSON.stringify(startBody({ name: 'é€😀' })));
    const pieces = Array.from(body, (byte) => new Uint8Array([byte]));
    const got = await apiWorld().fetched(streamed(pieces));
    expect([got.status, (got.body as { name: string }).name]).toEqual([202, 'é€😀']);
  });

  it('is held on the other routes with a body too', async () => {
    const api = apiWorld({ doctor: () => Promise.resolve([]) });
    for (const path of ['/v1/doctor', `/v1/jobs/job_${'0'.repeat(26)}/cancel`])
      expect(codeOf(await api.post(path, ' '.repeat(65_537)))).toEqual([413, 'BODY_TOO_LARGE']);
  });
});

describe('what a body holds', () => {
  it.each([
    ['no JSON', '{"kind":'],
    ['two documents', '{} {}'],
    ['blanks', '   '],
    ['a single quote', "{'kind':'http'}"],
    ['NaN', '{"expected_seconds":NaN}'],
  ])('is rejected when it is %s', async (_what, body) => {
    const got = await apiWorld().post('/v1/jobs', body);
    expect(codeOf(got)).toEqual([400, 'INVALID_REQUEST']);
    expect(problemIn(got).detail).toBe('the body is not JSON');
  });

  it('is rejected when it is not UTF-8', async () => {
    const got = await apiWorld().fetched(streamed([bytes('{"name":"'), new Uint8Array([0xff, 0xfe]), bytes('"}')]));
    expect(codeOf(got)).toEqual([400, 'INVALID_REQUEST']);
    expect(problemIn(got).detail).toContain('UTF-8');
  });

  it('is rejected when it breaks off', async () => {
    function* broken(): Generator<Uint8Array> {
      yield bytes('{"kind"');
      throw new Error('ECONNRESET');
    }
    expect(codeOf(await apiWorld().fetched(streamed(broken())))).toEqual([400, 'INVALID_REQUEST']);
    expect(codeOf(await apiWorld().fetched(streamed(broken(), { 'content-length': '100' })))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
  });

  it.each([65, 2000, 30_000])('is rejected when it nests %i levels deep', async (levels) => {
    const deep = '['.repeat(levels) + ']'.repeat(levels);
    const got = await apiWorld().post(
      '/v1/jobs',
      `{"kind":"http","connection":"ci","input":{"start":{"url":"/","body":${deep}}}}`,
    );
    expect(codeOf(got)).toEqual([400, 'INVALID_REQUEST']);
  });

  it('reaches the start call as it was sent', async () => {
    const api = apiWorld();
    const body = { __proto__x: 1, ünï: ['😀', 1e-7, null, { '': false }] };
    const input = { ...(startBody()['input'] as Record<string, unknown>), start: { url: '/runs', body } };
    expect((await api.post('/v1/jobs', startBody({ input }))).status).toBe(202);
    expect(JSON.stringify(api.calls[0]?.call.body)).toBe(JSON.stringify(body));
  });
});

describe('the content type', () => {
  const postAs = (type: string): Promise<Got> =>
    apiWorld().post('/v1/jobs', startBody(), { headers: { 'content-type': type } });

  it.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/merge-patch+json',
    'application/vnd.untildone.v1+json',
  ])('is accepted as %s', async (type) => {
    expect((await postAs(type)).status).toBe(202);
  });

  it('is accepted when it is missing', async () => {
    const request = new Request('http://127.0.0.1:4646/v1/jobs', {
      method: 'POST',
      headers: { 'x-owner': 'me' },
      body: bytes(JSON.stringify(startBody())),
    });
    expect(request.headers.get('content-type')).toBeNull();
    expect((await apiWorld().fetched(request)).status).toBe(202);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'text/json',
    'application/json; charset=latin1',
  ])('is rejected as %s, with what was got and wanted', async (type) => {
    const got = await postAs(type);
    expect(codeOf(got)).toEqual([400, 'INVALID_REQUEST']);
    expect(problemIn(got).detail).toMatch(/application\/json|UTF-8/);
  });
});
