import { describe, expect, it } from 'vitest';
import { createSeal } from '../../lib/aws/seal.ts';

describe('a seal', () => {
  const seal = createSeal('a long random key');
  const sealed = seal.close('refresh-SECRET', 'octo');
  it('opens where it was closed, and shows nothing', () => {
    expect(seal.open(sealed, 'octo')).toBe('refresh-SECRET');
    expect(Buffer.from(sealed).toString('latin1')).not.toContain('SECRET');
    expect(seal.close('refresh-SECRET', 'octo')).not.toEqual(sealed);
  });
  it('stays closed elsewhere, for another key, and when a single bit was changed', () => {
    expect(seal.open(sealed, 'ci')).toBeUndefined();
    expect(createSeal('another key').open(sealed, 'octo')).toBeUndefined();
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed, (byte, position) => (position === at ? byte ^ 1 : byte));
      expect(seal.open(changed, 'octo'), `byte ${at}`).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length += 1)
      expect(seal.open(sealed.slice(0, length), 'octo')).toBeUndefined();
  });
});
