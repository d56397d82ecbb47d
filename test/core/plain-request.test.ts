import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kind } from '../../lib/core/kind.ts';
import { isPlainHandle, isPlainRequest } from '../../lib/core/plain-request.ts';
import { resolveKind } from '../../lib/core/resolve-kind.ts';
import { readStartRequest, startRequestSchema } from '../../lib/core/start-request.ts';
import { accepted, adopting, exportKind, someSettings } from './some-settings.ts';

/** As it comes off the wire: with plain prototypes, and `__proto__` as a key of its own. */
const parsed = <T>(made: fc.Arbitrary<T>): fc.Arbitrary<Record<string, unknown>> =>
  made.map((value) => JSON.parse(JSON.stringify(value)));

const text = (longest: number) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('x') },
    { weight: 1, arbitrary: fc.constantFrom('', 'x'.repeat(longest), 'x'.repeat(longest + 1), 7, null, []) },
  );
const seconds = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 60, 604_800) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 1.5, 604_801, 1e300, '60', null, true) },
);
const value = fc.oneof({ weight: 4, arbitrary: text(2048) }, fc.constantFrom(0, -0.5, 1e300, true, false, {}, ['x']));
const handleName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('id', 'project', 'format', '_a1') },
  fc.constantFrom('', 'a b', '1a', 'x'.repeat(64), 'x'.repeat(65), 'id?', '__proto__', 'constructor', 'toString'),
);
const handle = fc.dictionary(handleName, value, { maxKeys: 3, noNullPrototype: true });
const values = fc.oneof(
  { weight: 6, arbitrary: handle },
  fc.constantFrom({ status: { url: '/x' } }, { start: { url: '/x' }, status: { url: '/y' } }, [], 'x', null),
);
/** Bodies that the short way reads, and such as are next to them. */
const nearlyPlain = parsed(
  fc.record(
    {
      kind: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('http-lro', 'export', 'watch-only') }, text(64)),
      connection: fc.oneof({ weight: 4, arbitrary: fc.constant('ci') }, text(64)),
      name: text(200),
      handle: values,
      input: values,
      expected_seconds: seconds,
      timeout_seconds: seconds,
      first_check: fc.constantFrom('now', 'later', 'soon', 1),
      cancel_on_timeout: fc.constantFrom(true, false, 'true', null),
    },
    { requiredKeys: [] },
  ),
);
const withMore = fc
  .tuple(nearlyPlain, fc.constantFrom('announce', 'paths', 'surprise', '__proto__'), fc.jsonValue())
  .map(([body, key, more]): Record<string, unknown> => ({ ...body, [key]: more }));

describe('a plain request', () => {
  it.each([
    [{ handle: { id: '1' }, first_check: 'later', expected_seconds: 36_000 }],
    [{ input: { project: 'p', format: { pdf: true } }, name: 'nightly', cancel_on_timeout: true, timeout_seconds: 60 }],
  ])('is %j', (rest) => {
    expect(isPlainRequest({ kind: 'export', connection: 'ci', ...rest })).toBe(true);
  });

  it('is one that the schema takes as it is, and every one that it takes, but for handles with a __proto__', () => {
    fc.assert(
      fc.property(nearlyPlain, (body) => {
        const read = startRequestSchema.safeParse(body);
        const odd = [body['handle'], body['input']].some((side) => Object.hasOwn(Object(side), '__proto__'));
        expect(isPlainRequest(body)).toBe(read.success && !odd);
        if (isPlainRequest(body)) expect(read.data).toStrictEqual(body);
      }),
      { numRuns: 3000 },
    );
  });

  it('is never one that the schema refuses', () => {
    fc.assert(
      fc.property(fc.oneof(withMore, parsed(fc.object())), (body) => {
        if (isPlainRequest(body)) expect(startRequestSchema.safeParse(body)).toEqual({ success: true, data: body });
      }),
      { numRuns: 2000 },
    );
  });

  it('gets the answer that it gets by way of the schema, word for word', () => {
    // Labels are not plain, and without any of them the request is the same.
    fc.assert(
      fc.property(nearlyPlain, (body) => {
        expect(readStartRequest(body, someSettings)).toStrictEqual(
          readStartRequest({ ...body, labels: {} }, someSettings),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('is not copied by the schema', () => {
    const body = { kind: 'export', connection: 'ci', handle: { id: '1' } };
    expect(accepted(body).handle).toBe(body.handle);
  });

  it('has no calls, acceptors or paths of its own', () => {
    expect(isPlainRequest(adopting())).toBe(false);
  });
});

describe('a plain handle', () => {
  it('gets the answer that it gets by way of the schemas, word for word', () => {
    // A kind of several ids is read by the schemas alone; none of these names is its list.
    const answer = (kind: Kind, given: Record<string, unknown>) => {
      const read = resolveKind(kind, { handle: given });
      return read.ok ? read.handle : read.problems;
    };
    fc.assert(
      fc.property(parsed(handle), (given) => {
        expect(answer(exportKind, given)).toStrictEqual(answer({ ...exportKind, each: 'ids' }, given));
      }),
      { numRuns: 3000 },
    );
  });

  it.each<[Record<string, unknown>, boolean]>([
    [{ id: '1' }, true],
    [{ id: 7, other: true }, true],
    [{ id: Number.POSITIVE_INFINITY }, false],
    [{ id: '' }, false],
    [{ ids: ['1'] }, false],
    [JSON.parse('{"id":"1","__proto__":"x"}'), false],
  ])('%j: %s', (given, plain) => {
    expect(isPlainHandle(given)).toBe(plain);
  });
});
