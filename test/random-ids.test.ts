import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createOrderedIds, randomIds } from '../lib/random-ids.ts';

it('gives every id once, however many are asked for', () => {
  const ids = Array.from({ length: 2_000 }, () => randomIds.random());
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
});

it('has each of the 32 characters at each place', () => {
  const ids = Array.from({ length: 2_000 }, () => randomIds.random());
  for (let at = 0; at < 26; at++) expect(new Set(ids.map((id) => id[at])).size).toBe(32);
});

it('derives the same id from the same text: the first 130 bits of its SHA-256', () => {
  const bits = [...createHash('sha256').update('local\0käy').digest()]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  const digits = Array.from({ length: 26 }, (_, at) => Number.parseInt(bits.slice(5 * at, 5 * at + 5), 2));
  expect(randomIds.derive('local\0käy')).toBe(
    digits.map((digit) => '0123456789abcdefghjkmnpqrstvwxyz'[digit]).join(''),
  );
});

describe('ids in order', () => {
  it('sort as they were made, a millisecond apart or a century, and look like any other', () => {
    let now_ms = 0;
    const ids = createOrderedIds(() => now_ms);
    const made = [1, 1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_032, 4_900_000_000_000].map((at_ms) => {
      now_ms = at_ms;
      return ids.random();
    });
    expect(made).toEqual(made.toSorted());
    for (const id of made) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it('made within a millisecond share its nine characters, and nothing else', () => {
    const ids = createOrderedIds(() => 1_700_000_000_000);
    const made = Array.from({ length: 1000 }, ids.random);
    expect(new Set(made.map((id) => id.slice(0, 9))).size).toBe(1);
    expect(new Set(made.map((id) => id.slice(9))).size).toBe(1000);
  });

  it('are derived from a text like any other', () => {
    expect(createOrderedIds(Date.now).derive('a')).toBe(randomIds.derive('a'));
  });
});
