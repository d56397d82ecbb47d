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

let drawn = '';
let used = 0;

/** Random characters, each handed out once: thousands are drawn at a time, which costs little more than one id would. */
function randomText(length: number): string {
  if (used + length > drawn.length) {
    drawn = drawCharacters();
    used = 0;
  }
  used += length;
  return drawn.slice(used - length, used);
}

/** A character of each random byte: five of its bits. */
function drawCharacters(): string {
  const bytes = randomFillSync(Buffer.alloc(8192));
  for (let at = 0; at < bytes.length; at++) bytes[at] = alphabet.charCodeAt(bytes.readUInt8(at) & 31);
  return bytes.toString('latin1');
}

/** Ids from the system's random source and from SHA-256. */
export const randomIds: Ids = {
  random: () => randomText(characters),
  derive: (text) => base32(hash('sha256', text, 'buffer')),
};

/** Enough for the milliseconds of a thousand years: eight for the 32 that share them, one for the millisecond. */
const timeCharacters = 9;

function textOf32ms(number: number): string {
  let text = '';
  for (let left = number; text.length < timeCharacters - 1; left = Math.floor(left / 32))
    text = alphabet[left % 32] + text;
  return text;
}

/**
 * Random ids with the time in front and 85 random bits behind it, like a ULID: those made together lie together in an index,
 * which then grows at one end instead of everywhere.
 */
export function createOrderedIds(now_ms: () => number): Ids {
  let front = { number: -1, text: '' };
  return {
    ...randomIds,
    random: () => {
      const at_ms = now_ms();
      const number = Math.floor(at_ms / 32);
      if (number !== front.number) front = { number, text: textOf32ms(number) };
      return `${front.text}${alphabet[at_ms % 32]}${randomText(characters - timeCharacters)}`;
    },
  };
}
