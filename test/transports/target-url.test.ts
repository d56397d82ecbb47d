import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { baseUrlOf, targetUrl } from '../../lib/transports/target-url.ts';

const base = baseUrlOf(new URL('https://h.example/api?key=1'));
const read = (text: string, query?: Record<string, string | number | boolean>) => {
  const found = targetUrl(base, text, query);
  return found.ok ? found.origin + found.path : found.problem;
};

describe('targetUrl', () => {
  test.each([
    ['/runs/1', 'https://h.example/api/runs/1'],
    ['runs/1', 'https://h.example/api/runs/1'],
    ['?x=1', 'https://h.example/api?x=1'],
    ['/', 'https://h.example/api/'],
    ['/runs/a%20b', 'https://h.example/api/runs/a%20b'],
    ['/operations/abc:cancel', 'https://h.example/api/operations/abc:cancel'],
    ['/v1.2/..hidden/x..', 'https://h.example/api/v1.2/..hidden/x..'],
    ['/runs?next=../x', 'https://h.example/api/runs?next=../x'],
    ['https://other.example/x?y=1#z', 'https://other.example/x?y=1'],
    ['HTTPS://Other.Example/x', 'https://other.example/x'],
  ])('reads %s as %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test('appends to the path of the connection with or without a slash at its end', () => {
    const found = targetUrl(baseUrlOf(new URL('https://h.example/api/')), '/runs', undefined);
    expect(found.ok && found.origin + found.path).toBe('https://h.example/api/runs');
  });

  test('adds the query to the one that is there, percent-encoded', () => {
    expect(read('/runs?a=1', { 'b c': 'x&y=z', n: 2, flag: true })).toBe(
      'https://h.example/api/runs?a=1&b%20c=x%26y%3Dz&n=2&flag=true',
    );
    expect(read('/runs', { lone: '\ud800' })).toBe('https://h.example/api/runs?lone=%EF%BF%BD');
    expect(read('/runs', {})).toBe('https://h.example/api/runs');
  });

  test.each([
    '//evil.example/x',
    '//evil',
    '///x',
    '/\\evil.example/x',
    '\\\\evil.example/x',
    '\\/evil.example',
    '/\t/evil.example',
    '\n//evil.example',
    '/runs/\r\nHost: evil',
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'https:\\\\evil.example',
    'ftp://evil.example/x',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://',
    'https://h.example:99999/',
    '..',
    '.',
    '../x',
    '/../x',
    '/runs/../../x',
    '/runs/./x',
    '/%2e%2e/x',
    '/%2E./x',
    '/.%2e/x',
    '/runs/..%2f..%2fx',
    '/runs/..%5c..%5cx',
    '/runs/%252e%252e%252fx',
    '/runs/..;/x',
    '/runs/..%3bv=1/x',
  ])('rejects %j', (text) => {
    expect(targetUrl(base, text, undefined).ok).toBe(false);
  });

  test('reads a path of plain segments, which it does not parse, as the URL standard does', () => {
    const segment = fc.string({
      unit: fc.constantFrom('a', 'Z', '0', '_', '-', '.', '%41', '~', 'é'),
      minLength: 0,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), fc.constantFrom('', '/'), (segments, end) => {
        const text = `/${segments.join('/')}${end}`;
        const found = targetUrl(base, text, undefined);
        if (!found.ok) return;
        expect(found.origin + found.path).toBe(new URL(`https://h.example/api${text}`).href);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['https://me:secret@h.example/api/x', 'http://h.example/x'])('hands %s on whole, for the guard', (text) => {
    const found = targetUrl(base, text, undefined);
    expect(found.ok && found.absolute?.href).toBe(text);
  });

  test('keeps every relative URL it accepts on the host and below the path of the connection', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5c',
      '@',
      ':',
      '//',
      'evil.example',
      '?',
      '#',
      'a',
      ' ',
      '\t',
      ';',
      '%25',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
          fc.webPath(),
          fc.string(),
        ),
        (text) => {
          const found = targetUrl(base, text, undefined);
          if (!found.ok || found.absolute !== null) return;
          expect(found.origin).toBe('https://h.example');
          const sent = new URL(found.origin + found.path);
          expect(sent.pathname + sent.search).toBe(found.path);
          expect(`${sent.pathname}/`.startsWith('/api/')).toBe(true);
          expect(sent.username).toBe('');
        },
      ),
      { numRuns: 5000 },
    );
  });
});
