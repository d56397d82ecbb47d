import { afterEach, describe, expect, it } from 'vitest';
import type { TokenKeeping, TokenStore } from '../../../lib/transports/oauth/token-store.ts';
import { type OauthWorld, type OauthWorldOptions, oauthWorld } from './oauth-world.ts';

let world: OauthWorld;
afterEach(() => world.close());
async function opened(options: OauthWorldOptions = {}): Promise<OauthWorld> {
  world = await oauthWorld(options);
  return world;
}

const done = { answered: true, http_status: 200 };
/** Longer than any lease. */
const lease_over_ms = 41_000;

type Step = 'lease' | 'save' | 'writeBack';
/** A process that is no more: what it called never comes back. `after`: the call did its work. */
function dyingAt(step: Step, side: 'before' | 'after') {
  let died: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => {
    died = resolve;
  });
  const dying =
    <Args extends unknown[], Result>(own: Step, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (own !== step) return call(...args);
      if (side === 'after') await call(...args);
      died();
      return new Promise<Result>(() => undefined);
    };
  const around = (keeping: TokenKeeping): TokenKeeping => ({
    ...keeping,
    writeBack: dying('writeBack', keeping.writeBack),
    openStore: (name, auth): TokenStore => {
      const store = keeping.openStore(name, auth);
      return { read: store.read, lease: dying('lease', store.lease), save: dying('save', store.save) };
    },
  });
  return { around, dead };
}

describe('a process that is killed while it refreshes', () => {
  it.each<[Step, 'before' | 'after']>([
    ['lease', 'before'],
    ['lease', 'after'],
    ['save', 'after'],
    ['writeBack', 'before'],
    ['writeBack', 'after'],
  ])('at %s, %s it: the next one goes on with the chain', async (step, side) => {
    const { server, clock, open, store, stored } = await opened();
    store(server.grant());
    const { around, dead } = dyingAt(step, side);
    void open(around).call();
    await dead;
    clock.now_ms += lease_over_ms;
    const next = open();
    expect(await next.call()).toMatchObject(done);
    clock.now_ms += 3_600_000;
    expect(await next.call()).toMatchObject(done);
    expect(server.isLive(stored())).toBe(true);
    const used = server.tokenRequests().map(({ form }) => form.get('refresh_token'));
    expect(new Set(used).size).toBe(used.length);
  });

  it('after the server has rotated and before the store has it: lost with a server that rotates strictly, and said so', async () => {
    const { server, clock, open, store, news } = await opened();
    store(server.grant());
    const { around, dead } = dyingAt('save', 'before');
    void open(around).call();
    await dead;
    clock.now_ms += lease_over_ms;
    expect(await open().call()).toMatchObject({
      type: 'auth_failed',
      message: expect.stringContaining('untildone connect'),
    });
    expect(news).toHaveLength(1);
  });

  it('leaves the others waiting for its lease, and not for ever', async () => {
    const { server, clock, open, store } = await opened();
    store(server.grant());
    const { around, dead } = dyingAt('lease', 'after');
    void open(around).call();
    await dead;
    clock.sleep_ms = 250;
    const other = open();
    const waiting = other.call();
    expect(await waiting).toMatchObject({ answered: false, type: 'timeout', sent: false });
    expect(server.tokenRequests()).toEqual([]);
    clock.now_ms += lease_over_ms;
    expect(await other.call()).toMatchObject(done);
  });
});

describe('a store that fails', () => {
  /** Fails so many saves; the rest goes through. */
  const failing =
    (saves: number) =>
    (keeping: TokenKeeping): TokenKeeping => ({
      ...keeping,
      openStore: (name, auth) => {
        const store = keeping.openStore(name, auth);
        let left = saves;
        return {
          ...store,
          save: (version, record) => (left-- > 0 ? Promise.reject(new Error('busy')) : store.save(version, record)),
        };
      },
    });

  it('for a moment is tried again, so that no new refresh token is lost', async () => {
    const { server, open, store, stored } = await opened();
    store(server.grant());
    expect(await open(failing(4)).call()).toMatchObject(done);
    expect(server.isLive(stored())).toBe(true);
  });

  it('for longer keeps the access token from being used until the refresh token is stored', async () => {
    const { server, clock, open, store } = await opened();
    store(server.grant());
    const one = open(failing(5));
    expect(await one.call()).toMatchObject({
      answered: false,
      type: 'server_error',
      message: expect.stringContaining('cannot be stored'),
    });
    expect(server.asked.some(({ path }) => path.startsWith('/api/'))).toBe(false);
    clock.now_ms += 6_000;
    expect(await one.call()).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(1);
    clock.now_ms += 3_600_000;
    expect(await open().call()).toMatchObject(done);
  });

  it('on the way back to where the reference points is told, and the store leads', async () => {
    const { server, clock, open, store, stored, news } = await opened();
    const first = store(server.grant());
    const refusing = (keeping: TokenKeeping): TokenKeeping => ({
      ...keeping,
      writeBack: () => Promise.reject(new Error('no')),
    });
    for (let hours = 0; hours < 3; hours += 1) {
      expect(await open(refusing).call()).toMatchObject(done);
      clock.now_ms += 3_600_000;
    }
    expect(stored()).toBe(first);
    expect(news[0]).toMatchObject({ type: 'not_written_back' });
    expect(JSON.stringify(news)).not.toContain('refresh-');
  });
});

describe('a slow token endpoint', () => {
  it('is asked once, by whoever holds the lease, and the others wait for what comes', async () => {
    const { server, open, store } = await opened();
    store(server.grant());
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const arrived = new Promise<void>((resolve) => {
      server.behaviour.beforeToken = () => {
        resolve();
        return held;
      };
    });
    const [first, second] = [open(), open()];
    const calls = [first.call(), first.call()];
    await arrived;
    calls.push(second.call());
    release();
    for (const call of calls) expect(await call).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(1);
  });
});
