import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noTokens, type TokenRecord, type TokenStore } from '../../lib/transports/oauth/token-store.ts';
import { epoch_ms } from './records.ts';

/** The store of a fresh connection. */
export type OpenTokenStore = () => Promise<{
  /** Each is another process's view of the same connection. */
  process: () => TokenStore;
  /** The store of another connection, beside it. */
  neighbour: TokenStore;
  /** Everything that lies where the tokens are kept, as it lies there. */
  atRest: () => Promise<string>;
  /** Whether a token may be read there. */
  sealed: boolean;
  close: () => Promise<void>;
}>;

const record = (rest: Partial<TokenRecord> = {}): TokenRecord => ({
  access_token: 'access-SECRET-1',
  fresh_until_ms: epoch_ms + 60_000,
  expires_at_ms: epoch_ms + 90_000,
  refresh_token: 'refresh-SECRET-1',
  known: ['hash-1', 'hash-2'],
  written_back_at_ms: epoch_ms,
  halt: null,
  given: { grant: 'hash-of-the-first', hash: 'hash-of-all' },
  ...rest,
});
const halt: TokenRecord['halt'] = {
  kind: 'dead',
  until_ms: epoch_ms + 60_000,
  type: 'auth_failed',
  message: 'refused',
  secrets_hash: 'hash',
  failures: 2,
  death: { id: 'given-1', renew: 'agree anew' },
};

/** What refreshing relies on, of any engine's store of tokens. */
export function tokenStoreContract(name: string, open: OpenTokenStore): void {
  describe(`the token store of ${name}`, () => {
    let world: Awaited<ReturnType<OpenTokenStore>>;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    it('knows nothing at first', async () => {
      expect(await world.process().read()).toEqual({ version: 0, record: noTokens });
    });
    it.each([record(), record({ halt }), noTokens])('gives every process what was saved last, whole', async (saved) => {
      expect(await world.process().save(0, saved)).toBe(true);
      expect(await world.process().read()).toEqual({ version: 1, record: saved });
      expect(await world.process().save(1, record({ access_token: null }))).toBe(true);
      expect((await world.process().read()).record.access_token).toBeNull();
      expect((await world.neighbour.read()).version).toBe(0);
    });
    it('refuses a save on any other version, and keeps what was there', async () => {
      const [first, second] = [world.process(), world.process()];
      await first.save(0, record());
      for (const version of [0, 2])
        expect(await second.save(version, record({ refresh_token: 'other' })), String(version)).toBe(false);
      expect((await first.read()).record.refresh_token).toBe('refresh-SECRET-1');
    });
    it('gives the lease to one of many', async () => {
      const asked = Array.from({ length: 12 }, () => world.process().lease(0, epoch_ms, epoch_ms + 1000));
      expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1);
    });
    it('holds a lease against everybody, its holder too, until it runs out', async () => {
      const [first, second] = [world.process(), world.process()];
      await first.save(0, record());
      expect(await first.lease(1, epoch_ms, epoch_ms + 1000)).toBe(true);
      for (const one of [first, second]) expect(await one.lease(1, epoch_ms + 999, epoch_ms + 2000)).toBe(false);
      expect(await second.lease(1, epoch_ms + 1000, epoch_ms + 2000)).toBe(true);
      expect((await second.read()).record).toEqual(record());
    });
    it('gives no lease on an old version, for what it was wanted for has been done', async () => {
      const [first, second] = [world.process(), world.process()];
      await first.save(0, record());
      expect(await second.lease(0, epoch_ms, epoch_ms + 1000)).toBe(false);
    });
    it('ends the lease with the save', async () => {
      const [first, second] = [world.process(), world.process()];
      expect(await first.lease(0, epoch_ms, epoch_ms + 60_000)).toBe(true);
      expect(await first.save(0, record())).toBe(true);
      expect(await second.lease(1, epoch_ms, epoch_ms + 60_000)).toBe(true);
    });
    it('lets a refresher that was too slow for its lease save, if nobody has, and then refuses the other', async () => {
      const [slow, quick] = [world.process(), world.process()];
      expect(await slow.lease(0, epoch_ms, epoch_ms + 1000)).toBe(true);
      expect(await quick.lease(0, epoch_ms + 1000, epoch_ms + 2000)).toBe(true);
      expect(await slow.save(0, record())).toBe(true);
      expect(await quick.save(0, record({ refresh_token: 'other' }))).toBe(false);
      expect((await quick.read()).record.refresh_token).toBe('refresh-SECRET-1');
    });
    it('shows no token to who looks at the place they lie at, unless that is for its owner only', async () => {
      await world.process().save(0, record());
      const lying = await world.atRest();
      expect(lying.length).toBeGreaterThan(20);
      expect(lying.includes('SECRET')).toBe(!world.sealed);
    });
  });
}
