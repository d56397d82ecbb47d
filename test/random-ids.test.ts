import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { randomIds } from '../lib/random-ids.ts';

it('gives every id once, however many are asked for', () => {
  const ids = Array.from({ length: 2_000 }, () => randomIds.random());
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
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
