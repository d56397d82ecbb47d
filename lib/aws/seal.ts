import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const iv_bytes = 12;
const tag_bytes = 16;

/** Closes and opens texts with one key, each bound to the place it stands at. */
export type Seal = {
  close(text: string, place: string): Uint8Array;
  /** Undefined for what another key closed, what was changed, or what stood elsewhere. */
  open(sealed: Uint8Array, place: string): string | undefined;
};

/** AES-256-GCM (NIST SP 800-38D) with a random nonce; `secret` is long and random, so that a hash of it makes a key. */
export function createSeal(secret: string): Seal {
  const key = createHash('sha256').update(secret).digest();
  return {
    close: (text, place) => {
      const iv = randomBytes(iv_bytes);
      const cipher = createCipheriv(algorithm, key, iv).setAAD(Buffer.from(place));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
    },
    open: (sealed, place) => {
      const [iv, tag] = [sealed.subarray(0, iv_bytes), sealed.subarray(iv_bytes, iv_bytes + tag_bytes)];
      if (tag.length < tag_bytes) return undefined;
      const decipher = createDecipheriv(algorithm, key, iv).setAAD(Buffer.from(place)).setAuthTag(tag);
      try {
        const rest = sealed.subarray(iv_bytes + tag_bytes);
        return Buffer.concat([decipher.update(rest), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
