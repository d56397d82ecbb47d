import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call, HttpCall } from '../../lib/core/kind.ts';
import {
  misplacesOptional,
  neededBy,
  placeholdersOf,
  renderCall,
  TemplateError,
  type Variables,
} from '../../lib/core/template.ts';
import { planted } from './a-job.ts';

const url = (template: string, variables: Variables): string => renderCall({ url: template }, variables).url;
const body = (template: NonNullable<HttpCall['body']>, variables: Variables): unknown =>
  JSON.parse(JSON.stringify(renderCall({ url: '/', body: template }, variables).body));

describe('in a body', () => {
  const variables: Variables = { n: 7, yes: true, none: null, list: [1, 'a'], text: 'x "y"', o: { k: 1 } };
  it.each<[NonNullable<HttpCall['body']>, unknown]>([
    ['{n}', 7],
    ['{yes}', true],
    ['{none}', null],
    ['{list}', [1, 'a']],
    ['{o}', { k: 1 }],
    ['{text}', 'x "y"'],
    ['run {n}', 'run 7'],
    ['{n}{n}', '77'],
    ['{list}!', '[1,"a"]!'],
    [
      { a: ['{n}', { b: '{yes}' }], '{n}': 'key' },
      { a: [7, { b: true }], '{n}': 'key' },
    ],
    ['{ n }', '{ n }'],
    ['{}', '{}'],
    ['{n', '{n'],
    ['{1n}', '{1n}'],
    [5, 5],
  ])('%j becomes %j', (template, rendered) => {
    expect(body(template, variables)).toEqual(rendered);
  });

  it.each(['{{n}}', '#{n}', '%{n}', '{n.constructor}', '{n|upper}', '<%= n %>', '{n+1}'])(
    'evaluates nothing in %s but a plain name',
    (template) => {
      expect(body(template, { n: '{secret}', secret: 's' })).toBe(template.replace('{n}', '{secret}'));
    },
  );

  it('keeps __proto__ a key', () => {
    const template = JSON.parse('{"__proto__":{"admin":"{n}"},"constructor":"{n}"}');
    const rendered = renderCall({ url: '/', body: template }, { n: 1 }).body;
    expect(JSON.stringify(rendered)).toBe('{"__proto__":{"admin":1},"constructor":1}');
    expect(Object.getPrototypeOf(rendered)).toBeNull();
    expect('admin' in {}).toBe(false);
  });
});

describe('in a URL', () => {
  it.each<[string, Variables, string]>([
    ['/runs/{id}', { id: 'a/b c?d#e' }, '/runs/a%2Fb%20c%3Fd%23e'],
    ['/runs/{id}', { id: '%2e%2e' }, '/runs/%252e%252e'],
    ['/runs/{id}', { id: '..\\x' }, '/runs/..%5Cx'],
    ['/runs/{id}', { id: 'ü' }, '/runs/%C3%BC'],
    ['/runs/{id}', { id: 7 }, '/runs/7'],
    ['/runs/{id}', { id: '...' }, '/runs/...'],
    ['/runs?q={id}&r={id}', { id: 'a&b' }, '/runs?q=a%26b&r=a%26b'],
    ['{url}', { url: 'https://x.example/ops/1?a=b' }, 'https://x.example/ops/1?a=b'],
  ])('%s with %o is %s', (template, variables, rendered) => {
    expect(url(template, variables)).toBe(rendered);
  });

  it.each<[string, Variables]>([
    ['/runs/{id}', { id: '.' }],
    ['/runs/{id}', { id: '..' }],
    ['/runs/{id}', { id: ' .. ' }],
    ['/runs/{id}/cancel', { id: '..' }],
    ['/runs/{id}', { id: '\ud83d' }],
    ['/runs/{id}', {}],
    ['/runs/{constructor}', {}],
    ['/runs/{__proto__}', {}],
    ['{toString}', {}],
  ])('rejects %s with %o', (template, variables) => {
    expect(() => url(template, variables)).toThrow(TemplateError);
  });

  it('says which names there are', () => {
    expect(() => url('/{x}', { id: 1, other: 2 })).toThrow('{x} has no value; known: id, other');
  });

  it('never has more segments than its template, nor fewer', () => {
    const segments = (text: string): number => new URL(text, 'https://x.example').pathname.split('/').length;
    const piece = fc.constantFrom('..', '.', '/', '\\', '%2e', '%2f', 'a', '?', '#', ' ', '\t', '@', ':', 'ü');
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 6 }).map((all) => all.join('')),
      fc.integer(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(value, value, (a, b) => {
        for (const template of ['/runs/{a}/x/{b}/cancel', '/{a}', '/v1/run-{a}/{b}?c={a}']) {
          let rendered: string;
          try {
            rendered = url(template, { a, b });
          } catch (error) {
            expect(error).toBeInstanceOf(TemplateError);
            continue;
          }
          expect(segments(rendered)).toBe(segments(template));
          expect(new URL(rendered, 'https://x.example').host).toBe('x.example');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('in headers and query', () => {
  it('fills values as text and leaves names alone', () => {
    const call: HttpCall = { url: '/', query: { '{n}': 'q {n}', limit: 5 }, headers: { 'x-run': 'r-{n}' } };
    expect(renderCall(call, { n: 7 })).toEqual({
      url: '/',
      query: { '{n}': 'q 7', limit: 5 },
      headers: { 'x-run': 'r-7' },
    });
  });

  it.each(['a\r\nx-evil: 1', 'a\nb', 'a\0', 'ü', '\u2028'])('rejects the header value %j', (value) => {
    expect(() => renderCall({ url: '/', headers: { 'x-run': '{v}' } }, { v: value })).toThrow(TemplateError);
  });

  it('keeps __proto__ a key', () => {
    const call: HttpCall = { url: '/', query: JSON.parse('{"__proto__":"{n}"}') };
    expect(JSON.stringify(renderCall(call, { n: 1 }).query)).toBe('{"__proto__":"1"}');
  });

  it('brings the method along, and nothing that was not there', () => {
    expect(renderCall({ method: 'PUT', url: '/' }, {})).toEqual({ method: 'PUT', url: '/' });
  });
});

it('lists the names that a call asks for, once each', () => {
  const call: HttpCall = {
    url: '/{a}/{b}',
    query: { q: '{c}' },
    headers: { h: '{a}' },
    body: planted({ x: ['{d}'] }) as HttpCall['body'] & object,
  };
  expect(placeholdersOf(call)).toEqual(['a', 'b', 'c', 'd']);
});

describe('a name that may be missing', () => {
  const start: Call = { tool: 'run', arguments: { id: '{id}', plan: '{plan?}', deep: { zone: '{zone?}' } } };

  it('leaves its argument out without a value, and is typed with one', () => {
    expect(renderCall(start, { id: 'a' })).toEqual({ tool: 'run', arguments: { id: 'a', deep: {} } });
    expect(renderCall(start, { id: 'a', plan: 7, zone: null })).toEqual({
      tool: 'run',
      arguments: { id: 'a', plan: 7, deep: { zone: null } },
    });
  });

  it('does so in a query and a body too', () => {
    const call: HttpCall = { url: '/runs', query: { page: '{page?}', q: '{q}' }, body: { zone: '{zone?}' } };
    expect(renderCall(call, { q: 'x' })).toEqual({ url: '/runs', query: { q: 'x' }, body: {} });
    expect(renderCall(call, { q: 'x', page: 2, zone: 'eu' })).toEqual({
      url: '/runs',
      query: { q: 'x', page: '2' },
      body: { zone: 'eu' },
    });
  });

  it('is asked for, and not needed', () => {
    expect(placeholdersOf(start)).toEqual(['id', 'plan', 'zone']);
    expect(neededBy(start)).toEqual(['id']);
  });

  it('never takes a value for a name', () => {
    expect(renderCall(start, { id: '{plan?}' })).toEqual({ tool: 'run', arguments: { id: '{plan?}', deep: {} } });
  });

  it.each<[string, Call, boolean]>([
    ['a whole argument', start, false],
    ['a query value', { url: '/', query: { a: '{a?}' } }, false],
    ['a part of a text', { tool: 'run', arguments: { id: 'as-{id?}' } }, true],
    ['an item of a list', { tool: 'run', arguments: { ids: ['{id?}'] } }, true],
    ['a URL', { url: '/runs/{id?}' }, true],
    ['a whole URL', { url: '{id?}' }, true],
    ['a header', { url: '/', headers: { a: '{a?}' } }, true],
    ['the name of an argument', { tool: 'run', arguments: { '{id?}': 1 } }, true],
    ['a whole body', { url: '/', body: '{id?}' }, true],
  ])('as %s stands in the wrong place: %j %s', (_name, call, misplaced) => {
    expect(misplacesOptional(call)).toBe(misplaced);
  });
});
