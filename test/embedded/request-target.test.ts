import { describe, expect, it } from 'vitest';
import { createReadTarget } from '../../bin/request-target.ts';

const here = '127.0.0.1:4646';

describe('the target of a request', () => {
  it.each([
    ['/v1/jobs', '/v1/jobs', ''],
    ['/v1/jobs?limit=1&kind=a%20b', '/v1/jobs', 'limit=1&kind=a%20b'],
    ['/v1/jobs?', '/v1/jobs', ''],
    ['/', '/', ''],
    ['/v1/jobs/', '/v1/jobs/', ''],
    ['//health', '//health', ''],
    ['/v1/../health', '/health', ''],
    ['/v1/%2e%2e/health', '/health', ''],
    ['/v1/.hidden', '/v1/.hidden', ''],
    ['/v1/j%6Fbs/%zz', '/v1/j%6Fbs/%zz', ''],
    ['/health#there?x=1', '/health', ''],
    ['/health?x=1#there', '/health', 'x=1'],
    ['/v1/jobs?kind=\\', '/v1/jobs', 'kind=\\'],
    ['http://127.0.0.1:4646/health?x', '/health', 'x'],
    ['https://elsewhere.example', '/', ''],
  ])('%s is read', (target, path, query) => {
    const read = createReadTarget();
    // The second reading is the one of a host that is known.
    for (const _ of [1, 2]) {
      expect(read(target, here)).toEqual({ path, query, host: here });
      expect(read('/health', here)).toEqual({ path: '/health', query: '', host: here });
    }
  });

  it.each(['*', 'health', '/v1\\jobs', 'ftp://127.0.0.1/health', 'http://[/health', 'http:/health', ''])(
    '%j is rejected',
    (target) => {
      const read = createReadTarget();
      read('/health', here);
      expect(read(target, here)).toBeUndefined();
    },
  );
});

describe('the host of a request', () => {
  it.each(['localhost', 'LocalHost:80', 'evil.example', '[::1]:4646', '127.0.0.1'])('%s is one', (host) => {
    expect(createReadTarget()('/health', host)?.host).toBe(host);
  });
  it.each(['', 'x@127.0.0.1', '127.0.0.1/x', 'a b', 'a, b', 'localhost:99999', '127.0.0.1:1:2', 'a?b', '[::1'])(
    '%j is rejected',
    (host) => {
      const read = createReadTarget();
      read('/health', here);
      expect(read('/health', host)).toBeUndefined();
    },
  );
  it('is that of the whole address where there is no header', () => {
    expect(createReadTarget()('http://127.0.0.1:4646/health', undefined)?.host).toBe(here);
    expect(createReadTarget()('/health', undefined)).toBeUndefined();
  });
});
