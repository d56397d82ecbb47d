import { describe, expect, test } from 'vitest';
import { readPace, retryAfterSeconds } from '../../lib/transports/retry-after.ts';

const now_ms = Date.parse('2026-11-21T09:00:00Z');

describe('retryAfterSeconds', () => {
  test.each<[string | string[], number | null]>([
    ['30', 30],
    [' 30 ', 30],
    ['0', 0],
    ['-5', 0],
    ['1.2', 2],
    ['99999999999999999999999', 604_800],
    ['9'.repeat(400), 604_800],
    ['Sat, 21 Nov 2026 09:00:45 GMT', 45],
    ['Saturday, 21-Nov-26 09:00:45 GMT', 45],
    ['Sat, 21 Nov 2026 08:00:00 GMT', 0],
    ['Sat, 21 Nov 2099 08:00:00 GMT', 604_800],
    ['Sat, 99 Nov 2026 09:00:45 GMT', null],
    ['soon', null],
    ['in 5', null],
    ['1e9', null],
    ['0x10', null],
    ['2026-11-21T09:00:45Z', null],
    ['', null],
    [['7', '9'], 7],
  ])('reads %j as %s', (value, expected) => {
    expect(retryAfterSeconds({ 'retry-after': value as string }, now_ms)).toBe(expected);
  });

  test('is null without the header', () => {
    expect(retryAfterSeconds({}, now_ms)).toBeNull();
  });
});

describe('readPace', () => {
  const reset = String(now_ms / 1000 + 90);
  test.each<[string, number, Record<string, string>, boolean, number | null]>([
    ['a 429', 429, {}, true, null],
    ['a 429 with Retry-After', 429, { 'retry-after': '9' }, true, 9],
    ['a 429 with a spent budget', 429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }, true, 90],
    ['a 403', 403, {}, false, null],
    ['a 403 with Retry-After', 403, { 'retry-after': '9' }, true, 9],
    ['a 403 with a spent budget', 403, { 'x-ratelimit-remaining': '0' }, true, null],
    [
      'a 403 with a reset in epoch seconds',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
      true,
      90,
    ],
    ['a 403 with a reset as a delay', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '60' }, true, 60],
    ['a 403 with budget left', 403, { 'x-ratelimit-remaining': '10', 'x-ratelimit-reset': reset }, false, null],
    ['a 503 with Retry-After', 503, { 'retry-after': '9' }, false, 9],
    ['a 200 with a spent budget', 200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }, false, null],
  ])('reads %s', (_, status, headers, rate_limited, retry_after_seconds) => {
    expect(readPace(status, headers, now_ms)).toEqual({ rate_limited, retry_after_seconds });
  });
});
