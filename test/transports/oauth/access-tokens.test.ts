import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { OauthAuth } from '../../../lib/core/auth.ts';
import type { Answer, Fault } from '../../../lib/ports.ts';
import { type OauthWorld, type OauthWorldOptions, oauthWorld } from './oauth-world.ts';

let world: OauthWorld;
afterEach(() => world.close());
async function opened(options: OauthWorldOptions = {}): Promise<OauthWorld> {
  world = await oauthWorld(options);
  return world;
}
const clientCredentials = ({ token_url }: { token_url: string }): OauthAuth => ({
  type: 'oauth2-client-credentials',
  token_url,
  client_id: 'ci',
  client_secret: 'env:CI_SECRET',
  scope: 'jobs:read',
});
const done = { answered: true, http_status: 200, body: { state: 'DONE' } };

const idOf = (seen: Answer | Fault): string | undefined => seen.death?.id;

describe('access tokens by client credentials', () => {
  it('are fetched with the first call, kept, and fetched anew shortly before they end', async () => {
    const { server, clock, open } = await opened({ auth: clientCredentials });
    const { call } = open();
    for (let calls = 0; calls < 3; calls += 1) expect(await call()).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(1);
    expect(server.tokenRequests()[0]?.form.get('scope')).toBe('jobs:read');
    expect(server.tokenRequests()[0]?.headers.authorization).toMatch(/^Basic /);
    clock.now_ms += 3_539_000;
    expect(await call()).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(1);
    clock.now_ms += 2_000;
    expect(await call()).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(2);
  });

  it('serve all calls of a process out of one request', async () => {
    const { server, open } = await opened({ auth: clientCredentials });
    const { call } = open();
    const answers = await Promise.all(Array.from({ length: 20 }, call));
    expect(answers.every((one) => one.answered && one.http_status === 200)).toBe(true);
    expect(server.tokenRequests()).toHaveLength(1);
  });

  it('are fetched once more when the resource refuses them, and not again when it goes on refusing', async () => {
    const { server, clock, open } = await opened({ auth: clientCredentials });
    const { call } = open();
    await call();
    server.forgetAccess();
    expect(await call()).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(2);
    clock.now_ms += 11_000;
    server.behaviour.instead = ({ path }) => (path.startsWith('/api') ? { status: 401 } : undefined);
    const ids = new Set<string | undefined>();
    for (let calls = 0; calls < 5; calls += 1) {
      const seen = await call();
      expect(seen).toMatchObject({ http_status: 401 });
      ids.add(idOf(seen));
    }
    expect([...ids]).toEqual([expect.stringMatching(/^given-[\w-]{16}$/)]);
    expect(server.tokenRequests()).toHaveLength(3);
  });

  it('live until they are refused when nobody says how long', async () => {
    const { server, clock, open } = await opened({ auth: clientCredentials, server: { expires_in: null } });
    const { call } = open();
    await call();
    clock.now_ms += 30 * 86_400_000;
    expect(await call()).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(1);
  });

  it('may end every 2 seconds', async () => {
    const { server, clock, open } = await opened({ auth: clientCredentials, server: { expires_in: 2 } });
    const { call } = open();
    for (let seconds = 0; seconds < 10; seconds += 1) {
      expect(await call()).toMatchObject(done);
      clock.now_ms += 1000;
    }
    expect(server.tokenRequests().length).toBeLessThanOrEqual(5);
  });

  it.each([['client_secret_basic'], ['client_secret_post']])(
    'are asked for by %s, as the metadata says',
    async (how) => {
      const { server, open } = await opened({
        auth: () => ({ type: 'oauth2-client-credentials', client_id: 'ci', client_secret: 'env:CI_SECRET' }),
        server: { client_auth: [how] },
      });
      expect(await open().call()).toMatchObject(done);
      const [asked] = server.tokenRequests();
      expect(asked?.form.has('client_secret')).toBe(how === 'client_secret_post');
      expect(asked?.headers.authorization === undefined).toBe(how === 'client_secret_post');
    },
  );

  it('are asked for with the secret in the body, when a server without metadata refuses it in the head', async () => {
    const { server, open } = await opened({ auth: clientCredentials, server: { client_auth: ['client_secret_post'] } });
    expect(await open().call()).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(2);
  });

  it('fail with what to do when the client is refused, and ask once a minute only', async () => {
    const { server, clock, open, environment, news } = await opened({
      auth: clientCredentials,
      environment: { CI_SECRET: 'wrong-secret-9' },
    });
    const [first, second] = [open(), open()];
    const fault = await first.call();
    expect(fault).toMatchObject({ answered: false, type: 'auth_failed', sent: false });
    expect(fault).toMatchObject({
      message: expect.stringMatching(/"octo" was refused \(invalid_client.*check the client secret/),
    });
    expect(JSON.stringify(fault)).not.toContain('wrong-secret-9');
    const asked = server.tokenRequests().length;
    const id = idOf(fault);
    expect(id).toMatch(/^given-/);
    for (const { call } of [first, second, first])
      expect(await call()).toMatchObject({ type: 'auth_failed', death: { id } });
    clock.now_ms += 55_000;
    expect(await second.call()).toMatchObject({ type: 'auth_failed' });
    expect(server.tokenRequests()).toHaveLength(asked);
    clock.now_ms += 6_000;
    const again = await Promise.all([first.call(), second.call()]);
    expect(again.map(idOf)).toEqual([id, id]);
    expect(server.tokenRequests()).toHaveLength(2 * asked);
    expect(news).toEqual([
      { type: 'dead', connection: 'octo', message: expect.stringContaining('check the client secret') },
    ]);
    environment['CI_SECRET'] = 'client-secret-1';
    clock.now_ms += 6_000;
    expect(await first.call()).toMatchObject(done);
  });

  it.each([
    ['500', { status: 500 }, 'server_error'],
    ['429', { status: 429, headers: { 'retry-after': '30' } }, 'rate_limited'],
    ['a 400 that says later', { status: 400, body: { error: 'temporarily_unavailable' } }, 'server_error'],
    ['no token', { status: 200, body: { hello: 'world' } }, 'unparseable'],
  ])('fail for now, and are not asked for by every job, on %s', async (_name, reply, type) => {
    const { server, clock, open, news } = await opened({ auth: clientCredentials });
    server.behaviour.instead = ({ path }) => (path === '/token' ? reply : undefined);
    const { call } = open();
    for (let calls = 0; calls < 10; calls += 1) expect(await call()).toMatchObject({ answered: false, type });
    expect(server.tokenRequests()).toHaveLength(1);
    expect(news).toEqual([]);
    server.behaviour.instead = undefined;
    clock.now_ms += 31_000;
    expect(await call()).toMatchObject(done);
  });

  it('back off, doubling, up to a minute', async () => {
    const { server, clock, open } = await opened({ auth: clientCredentials });
    server.behaviour.instead = ({ path }) => (path === '/token' ? { status: 503 } : undefined);
    const { call } = open();
    const asked_at: number[] = [];
    for (let seconds = 0; seconds < 300; seconds += 1) {
      const before = server.tokenRequests().length;
      await call();
      if (server.tokenRequests().length > before) asked_at.push(seconds);
      clock.now_ms += 1000;
    }
    const gaps = asked_at.slice(1).map((at, position) => at - (asked_at[position] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(65);
    expect(asked_at.length).toBeLessThan(14);
  });

  it('go on serving while they live, when no new one can be had', async () => {
    const { server, clock, open } = await opened({ auth: clientCredentials });
    const { call } = open();
    await call();
    server.behaviour.instead = ({ path }) => (path === '/token' ? { status: 503 } : undefined);
    clock.now_ms += 3_550_000;
    expect(await call()).toMatchObject(done);
    clock.now_ms += 60_000;
    expect(await call()).toMatchObject({ answered: false, type: 'server_error' });
  });

  it('never follow a redirect of the token endpoint', async () => {
    const { server, open } = await opened({ auth: clientCredentials });
    server.behaviour.instead = ({ path }) =>
      path === '/token' ? { status: 307, headers: { location: `${server.origin}/elsewhere` } } : undefined;
    expect(await open().call()).toMatchObject({ type: 'auth_failed', message: expect.stringContaining('redirect') });
    expect(server.asked.map(({ path }) => path)).not.toContain('/elsewhere');
  });
});

describe('access tokens by refresh token', () => {
  it('come with a new refresh token, which replaces the old one in the file', async () => {
    const { server, clock, open, store, stored, secretFile, directory } = await opened();
    const first = store(server.grant());
    chmodSync(secretFile, 0o644);
    const { call } = open();
    expect(await call()).toMatchObject(done);
    const second = stored();
    expect(second).not.toBe(first);
    expect(server.isLive(second)).toBe(true);
    expect(statSync(secretFile).mode & 0o777).toBe(0o600);
    clock.now_ms += 3_600_000;
    expect(await call()).toMatchObject(done);
    expect(server.isLive(stored())).toBe(true);
    expect(server.tokenRequests()).toHaveLength(2);
    expect(readdirSync(join(directory, 'secrets')).sort()).toEqual(['octo', 'octo.tokens']);
  });

  it('keep the form of a stored grant, whose client and endpoint they use', async () => {
    const { server, open, store, stored } = await opened({
      auth: () => ({ type: 'oauth2-refresh-token', refresh_token: 'file:secrets/octo' }),
      server: { layout: 'none', servers: null },
    });
    store(
      JSON.stringify({ refresh_token: server.grant(), client_id: 'public', token_url: server.token_url, note: 'x' }),
    );
    expect(await open().call()).toMatchObject(done);
    expect(JSON.parse(stored())).toMatchObject({ client_id: 'public', note: 'x' });
    expect(server.isLive(JSON.parse(stored()).refresh_token)).toBe(true);
  });

  it('are shared by all processes: one refreshes, the others take what came of it', async () => {
    const { server, open, store, stored } = await opened();
    store(server.grant());
    const processes = Array.from({ length: 6 }, () => open());
    const answers = await Promise.all(processes.flatMap(({ call }) => [call(), call(), call()]));
    expect(answers.every((one) => one.answered && one.http_status === 200)).toBe(true);
    expect(server.tokenRequests()).toHaveLength(1);
    expect(server.isLive(stored())).toBe(true);
  });

  it('never fork the chain, whatever many processes do at once, as access tokens end and are forgotten', async () => {
    const { server, clock, open, store } = await opened({ server: { expires_in: 20 } });
    store(server.grant());
    const processes = Array.from({ length: 4 }, () => open());
    for (let round = 0; round < 25; round += 1) {
      if (round % 5 === 4) server.forgetAccess();
      await Promise.all(processes.flatMap(({ call }) => [call(), call()]));
      clock.now_ms += 7_000;
    }
    const used = server.tokenRequests().map(({ form }) => form.get('refresh_token'));
    expect(new Set(used).size).toBe(used.length);
    expect(await processes[0]?.call()).toMatchObject(done);
  });

  it('take a token that a person stored meanwhile, and no older one', async () => {
    const { server, clock, open, store, stored } = await opened();
    const old = store(server.grant());
    const { call } = open();
    await call();
    const another = store(server.grant());
    clock.now_ms += 3_600_000;
    expect(await call()).toMatchObject(done);
    expect(server.isLive(another)).toBe(false);
    // What somebody restored from a copy is known, and worth nothing.
    const newest = stored();
    store(old);
    clock.now_ms += 3_600_000;
    expect(await call()).toMatchObject(done);
    expect(server.isLive(newest)).toBe(false);
    expect(server.isLive(stored())).toBe(true);
  });

  it('are kept in the data directory when the token comes from the environment, which wins when it changes', async () => {
    const { server, clock, open, environment, directory } = await opened({
      auth: () => ({ type: 'oauth2-refresh-token', client_id: 'public', refresh_token: 'env:OCTO' }),
    });
    environment['OCTO'] = server.grant();
    expect(await open().call()).toMatchObject(done);
    expect(statSync(join(directory, 'data', 'tokens', 'octo')).mode & 0o777).toBe(0o600);
    clock.now_ms += 3_600_000;
    expect(await open().call()).toMatchObject(done);
    const another = server.grant();
    environment['OCTO'] = another;
    clock.now_ms += 3_600_000;
    expect(await open().call()).toMatchObject(done);
    expect(server.isLive(another)).toBe(false);
  });

  it('serve a process that starts again without a request', async () => {
    const { server, open, store } = await opened();
    store(server.grant());
    await open().call();
    expect(await open().call()).toMatchObject(done);
    expect(server.tokenRequests()).toHaveLength(1);
  });

  it('die once, whatever trouble comes between, and again when the next grant is revoked', async () => {
    const { server, clock, open, store, news } = await opened();
    const { call } = open();
    const ids: (string | undefined)[] = [];
    for (const _grant of ['first', 'second']) {
      store(server.grant());
      clock.now_ms += 61_000;
      expect(await call()).toMatchObject(done);
      server.revoke();
      ids.push(idOf(await call()));
      clock.now_ms += 61_000;
      server.behaviour.instead = ({ path }) => (path === '/token' ? { status: 503 } : undefined);
      expect(await call()).toMatchObject({ type: 'server_error' });
      server.behaviour.instead = undefined;
      clock.now_ms += 61_000;
      ids.push(idOf(await call()));
    }
    expect(ids).toEqual([ids[0], ids[0], ids[2], ids[2]]);
    expect(ids[0]).toMatch(/^given-/);
    expect(ids[2]).not.toBe(ids[0]);
    expect(news.map(({ type }) => type)).toEqual(['dead', 'dead']);
  });

  it('that the resource refuses are one death however often they rotate, and another with another grant', async () => {
    const { server, clock, open, store } = await opened();
    server.behaviour.instead = ({ path }) => (path.startsWith('/api') ? { status: 401 } : undefined);
    const ids: (string | undefined)[] = [];
    for (const _grant of ['first', 'second']) {
      store(server.grant());
      const { call } = open();
      for (let calls = 0; calls < 3; calls += 1) {
        clock.now_ms += 11_000;
        ids.push(idOf(await call()));
      }
    }
    expect(server.tokenRequests().length).toBeGreaterThan(4);
    expect(ids).toEqual([ids[0], ids[0], ids[0], ids[3], ids[3], ids[3]]);
    expect(ids[3]).not.toBe(ids[0]);
  });

  it('fail with what to do when the grant is gone, once, and come back as soon as another one is stored', async () => {
    const { server, clock, open, store, news } = await opened();
    const token = store(server.grant());
    const [first, second] = [open(), open()];
    await first.call();
    server.revoke();
    for (let calls = 0; calls < 5; calls += 1) {
      const faults = await Promise.all([first.call(), second.call()]);
      for (const fault of faults) {
        expect(fault).toMatchObject({
          type: 'auth_failed',
          message: expect.stringContaining('run "untildone connect octo"'),
        });
        expect(JSON.stringify(fault)).not.toContain(token);
      }
    }
    expect(server.tokenRequests()).toHaveLength(2);
    expect(news.map(({ type }) => type)).toEqual(['dead']);
    clock.now_ms += 61_000;
    await first.call();
    expect(server.tokenRequests()).toHaveLength(3);
    store(server.grant());
    clock.now_ms += 6_000;
    expect(await second.call()).toMatchObject(done);
    expect(news).toHaveLength(1);
    clock.now_ms += 11_000;
    server.revoke();
    await second.call();
    expect(news).toHaveLength(2);
  });

  it('stay alive when a server keeps the refresh token', async () => {
    const { server, clock, open, store, stored } = await opened({ server: { rotation: 'none' } });
    const token = store(server.grant());
    const { call } = open();
    for (let hours = 0; hours < 3; hours += 1) {
      expect(await call()).toMatchObject(done);
      clock.now_ms += 3_600_000;
    }
    expect(stored()).toBe(token);
  });

  it('rejects a folder that a new refresh token could not be written to, before asking for one', async () => {
    const { server, open, store, directory } = await opened();
    const token = store(server.grant());
    // A file where the store would be: this holds for root too.
    writeFileSync(join(directory, 'data'), '');
    chmodSync(join(directory, 'secrets'), 0o500);
    const { mkdirSync } = await import('node:fs');
    if (process.getuid?.() === 0) mkdirSync(join(directory, 'secrets', 'octo.tokens'));
    const fault = await open().call();
    chmodSync(join(directory, 'secrets'), 0o700);
    expect(fault).toMatchObject({ type: 'auth_failed', message: expect.stringContaining('make its folder writable') });
    expect(server.tokenRequests()).toEqual([]);
    expect(server.isLive(token)).toBe(true);
  });

  it('shows no token in anything that a remote system echoes', async () => {
    const { server, clock, open, store, stored } = await opened();
    const first = store(server.grant());
    const { call } = open();
    await call();
    const second = stored();
    const seen = { access: '' };
    server.behaviour.instead = ({ path, headers }) => {
      if (!path.startsWith('/api')) return undefined;
      seen.access = String(headers.authorization).replace('Bearer ', '');
      return { status: 200, body: { echo: [first, second, seen.access, encodeURIComponent(seen.access)] } };
    };
    const answer = JSON.stringify(await call());
    expect(seen.access).toMatch(/^access-/);
    for (const token of [first, second, seen.access]) expect(answer).not.toContain(token);
    clock.now_ms += 3_600_000;
    const old = seen.access;
    server.behaviour.instead = ({ path }) =>
      path.startsWith('/api') ? { status: 200, body: { echo: [first, second, old] } } : undefined;
    const later = JSON.stringify(await call());
    for (const token of [first, second, old]) expect(later).not.toContain(token);
    server.behaviour.instead = ({ path, form }) =>
      path === '/token'
        ? { status: 400, body: { error: 'invalid_grant', error_description: `no ${form.get('refresh_token')}` } }
        : undefined;
    clock.now_ms += 3_600_000;
    const refused = JSON.stringify(await call());
    expect(refused).toContain('invalid_grant');
    expect(refused).not.toContain(stored());
  });
});
