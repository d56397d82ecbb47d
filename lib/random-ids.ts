import { hash, randomFillSync } from 'node:crypto';
import type { Ids } from './ports.ts';

/** Crockford's base32 in lower case: no i, l, o or u to misread. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const characters = 26;

/** The first 130 bits as 26 characters of base32. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let buffer = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < characters) {
      bits -= 5;
      text += alphabet[(buffer >> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return text;
}

const idBytes = 17;
const pool = new Uint8Array(256 * idBytes);
let used = pool.length;

/** Random bytes for one id, each handed out once: the system is asked for many at a time, which costs what one id would. */
function freshBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idBytes;
  return pool.subarray(used - idBytes, used);
}

/** Ids from the system's random source and from SHA-256. */
export const randomIds: Ids = {
  random: () => base32(freshBytes()),
  derive: (text) => base32(hash('sha256', text, 'buffer')),
};

/** Enough for the milliseconds of a thousand years. */
const timeCharacters = 9;

function timeText(at_ms: number): string {
  let text = '';
  for (let left = at_ms; text.length < timeCharacters; left = Math.floor(left / 32)) text = alphabet[left % 32] + text;
  return text;
}

/**
 * Random ids with the time in front and 85 random bits behind it, like a ULID: those made together lie together in an index,
 * which then grows at one end instead of everywhere.
 */
export function createOrderedIds(now_ms: () => number): Ids {
  let front = { at_ms: -1, text: '' };
  return {
    ...randomIds,
    random: () => {
      const at_ms = now_ms();
      if (at_ms !== front.at_ms) front = { at_ms, text: timeText(at_ms) };
      return front.text + randomIds.random().slice(timeCharacters);
    },
  };
}
