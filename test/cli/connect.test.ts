import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../bin/connect.ts';
import { type FakeAuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { run } from './support/run.ts';

let directory: string;
let server: FakeAuthorizationServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'untildone-connect-'));
  server = await startAuthorizationServer();
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

const secretFile = () => join(directory, 'secrets/octo');
const stored = (): Record<string, string> => JSON.parse(readFileSync(secretFile(), 'utf8'));

function configured(auth: Record<string, unknown> = {}): string {
  const file = join(directory, 'untildone.config.json');
  const connections = {
    octo: {
      transport: 'http',
      url: server.resource_url,
      auth: { type: 'oauth2-refresh-token', refresh_token: 'file:secrets/octo', ...auth },
      allow_http: true,
      allow_private_network: true,
    },
    ci: { transport: 'http', url: 'https://ci.example.com', auth: { type: 'none' } },
  };
  writeFileSync(file, JSON.stringify({ connections }));
  return file;
}

/** Runs `connect octo`; `person` is given the printed address, as who opens it in a browser. */
async function signIn(
  person: (url: URL) => unknown,
  more: { argv?: string[]; config?: string; wait_ms?: number } = {},
) {
  let said = '';
  let asked = false;
  const ran = await run(['connect', 'octo', '--config', more.config ?? configured(), ...(more.argv ?? [])], {
    connect: (options) => connect({ ...options, wait_ms: more.wait_ms ?? options.wait_ms }),
    onStderr: (text: string) => {
      said += text;
      const url = / {2}(http\S+)\n/.exec(said)?.[1];
      if (asked || url === undefined) return;
      asked = true;
      void person(new URL(url));
    },
  });
  return { ...ran, said };
}

/** Agrees as a browser does: follows the server back to this machine. */
async function agree(url: URL): Promise<Response> {
  const answer = await fetch(url, { redirect: 'manual' });
  return fetch(answer.headers.get('location') ?? 'about:blank');
}

describe('connect', () => {
  it('registers a client, lets a person agree, and stores a refresh token that works, with what belongs to it', async () => {
    let page = '';
    const { code, envelope, stdout, said } = await signIn(async (url) => {
      page = await (await agree(url)).text();
    });
    expect({ code, error: envelope.error }).toEqual({ code: 0, error: null });
    const { refresh_token = '', client_id, token_url, resource } = stored();
    expect(server.isLive(refresh_token)).toBe(true);
    expect({ token_url, resource }).toEqual({ token_url: server.token_url, resource: server.resource_url });
    expect(envelope.data).toEqual({
      connection: 'octo',
      issuer: server.issuer,
      client_id,
      resource: server.resource_url,
      scope: null,
      stored_at: 'file:secrets/octo',
    });
    expect(statSync(secretFile()).mode & 0o777).toBe(0o600);
    expect(`${stdout}${said}${page}`).not.toContain(refresh_token);
    const question = server.asked.find(({ path }) => path.endsWith('/authorize'));
    expect(Object.fromEntries(question?.form ?? [])).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      resource: server.resource_url,
      scope: 'jobs',
    });
  });

  it('uses the client that the configuration names, and does not keep its secret a second time', async () => {
    writeFileSync(join(directory, 'client-secret'), 'client-secret-1');
    server.clients.set('ci', { secret: 'client-secret-1', redirect_uris: ['http://127.0.0.1/callback'] });
    const config = configured({ client_id: 'ci', client_secret: 'file:client-secret' });
    const { code } = await signIn(agree, { config });
    expect(code).toBe(0);
    expect(stored()).toMatchObject({ client_id: 'ci' });
    expect(stored()).not.toHaveProperty('client_secret');
    expect(server.asked.filter(({ path }) => path.endsWith('/register'))).toEqual([]);
  });

  it('takes the address from stdin when the browser is on another machine', async () => {
    const stdin = new PassThrough();
    let said = '';
    const running = connect({
      connection: 'octo',
      config: configured(),
      redirect_port: 0,
      pasted: stdin,
      browser: false,
      wait_ms: 20_000,
      env: {},
      interrupt: new AbortController().signal,
      cli_command: 'untildone',
      say: (text) => {
        said += text;
        const url = / {2}(http\S+)\n/.exec(text)?.[1];
        if (url === undefined) return;
        void fetch(url, { redirect: 'manual' }).then((answer) => stdin.write(`${answer.headers.get('location')}\n`));
      },
    });
    expect(await running).toMatchObject({ ok: true });
    expect(said).toContain('paste the address');
    expect(server.isLive(stored()['refresh_token'] ?? '')).toBe(true);
  });

  it('replaces a token that died, and leaves nothing beside it', async () => {
    await signIn(agree);
    const first = stored()['refresh_token'];
    server.revoke();
    await signIn(agree);
    expect(stored()['refresh_token']).not.toBe(first);
    expect(server.isLive(stored()['refresh_token'] ?? '')).toBe(true);
    expect(readdirSync(join(directory, 'secrets'))).toEqual(['octo']);
  });
});

describe('an answer in the browser', () => {
  it.each([
    ['of another question', (back: URL) => back.searchParams.set('state', 'guessed')],
    ['without a state', (back: URL) => back.searchParams.delete('state')],
    ['at another path', (back: URL) => Object.assign(back, { pathname: '/favicon.ico' })],
  ])('%s ends nothing; ours still does', async (_name, change) => {
    let strange = 0;
    const { code } = await signIn(async (url) => {
      const answer = await fetch(url, { redirect: 'manual' });
      const location = answer.headers.get('location') ?? '';
      const back = new URL(location);
      change(back);
      strange = (await fetch(back)).status;
      await fetch(location);
    });
    expect(strange).toBeGreaterThanOrEqual(400);
    expect(code).toBe(0);
  });

  it('fails with the words of the server when the person refuses, and stores nothing', async () => {
    const { code, envelope } = await signIn((url) => {
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', 'The user said no');
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      return fetch(back);
    });
    expect(code).toBe(4);
    expect(envelope.error).toMatchObject({ code: 'NOT_AGREED', retryable: false });
    expect(envelope.error?.message).toContain('access_denied, The user said no');
    expect(existsSync(secretFile())).toBe(false);
  });

  it('fails when it comes from another issuer (RFC 9207), and the code goes nowhere', async () => {
    const { code } = await signIn(async (url) => {
      const answer = await fetch(url, { redirect: 'manual' });
      const back = new URL(answer.headers.get('location') ?? '');
      back.searchParams.set('iss', 'https://evil.example.com');
      await fetch(back);
    });
    expect(code).toBe(4);
    expect(server.tokenRequests()).toEqual([]);
    expect(existsSync(secretFile())).toBe(false);
  });

  it('fails when the token endpoint redirects: the code is not sent on', async () => {
    const elsewhere = await startAuthorizationServer();
    server.behaviour.instead = ({ path }) =>
      path.endsWith('/token') ? { status: 307, headers: { location: elsewhere.token_url } } : undefined;
    const { code } = await signIn(agree);
    expect(code).toBe(4);
    expect(elsewhere.asked).toEqual([]);
    await elsewhere.close();
  });

  it('fails when there is no refresh token in it, and says which scope is often wanted', async () => {
    server.behaviour.instead = ({ path }) =>
      path.endsWith('/token') ? { status: 200, body: { access_token: 'a', token_type: 'Bearer' } } : undefined;
    const { code, envelope } = await signIn(agree);
    expect(code).toBe(4);
    expect(envelope.error).toMatchObject({ code: 'NO_REFRESH_TOKEN' });
    expect(envelope.error?.message).toContain('offline_access');
  });

  it('fails when nobody answers in time: exit 10, nothing stored', async () => {
    const { code, envelope } = await signIn(() => undefined, { wait_ms: 20 });
    expect(code).toBe(10);
    expect(envelope.error).toMatchObject({ code: 'TIMEOUT', retryable: true });
    expect(existsSync(secretFile())).toBe(false);
  });
});

describe('what cannot be signed in is said before any browser opens', () => {
  it.each([
    ['an unknown connection', ['connect', 'octopus'], /no connection "octopus"; configured: octo, ci/],
    ['a connection of another type', ['connect', 'ci'], /auth.type "none"/],
  ])('%s', async (_name, argv, words) => {
    const { code, envelope } = await run([...argv, '--config', configured()], { connect });
    expect(code).toBe(78);
    expect(envelope.error?.message).toMatch(words);
  });

  it('a reference that cannot be written to', async () => {
    const { code, envelope } = await signIn(agree, { config: configured({ refresh_token: 'env:OCTO' }) });
    expect(code).toBe(78);
    expect(envelope.error?.message).toMatch(/"env:OCTO" cannot be written to/);
    expect(server.asked).toEqual([]);
  });

  it.each([
    ['client_id', { client_id: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:id-AbCdEf' }],
    ['client_secret', { client_id: 'ci', client_secret: 'ssm:/octo/secret' }],
  ])('a %s that only the deployment can read, which goes nowhere as it is written', async (_name, auth) => {
    const { code, envelope } = await signIn(agree, { config: configured(auth) });
    expect(code).toBe(78);
    expect(envelope.error?.message).toContain('needs the aws engine');
    expect(server.asked).toEqual([]);
  });

  it('a port that is taken', async () => {
    const port = new URL(server.origin).port;
    const { code, envelope } = await signIn(agree, { argv: ['--redirect-port', port] });
    expect(code).toBe(78);
    expect(envelope.error?.message).toContain('--redirect-port');
  });

  it('a server that lets nobody register, when there is no client_id', async () => {
    server.behaviour.instead = ({ path }) =>
      path === '/.well-known/oauth-authorization-server'
        ? {
            status: 200,
            body: {
              issuer: server.issuer,
              token_endpoint: server.token_url,
              authorization_endpoint: `${server.issuer}/authorize`,
              response_types_supported: ['code'],
            },
          }
        : undefined;
    const { code, envelope } = await signIn(agree);
    expect(code).toBe(4);
    expect(envelope.error).toMatchObject({ code: 'NO_REGISTRATION' });
  });

  it('a server that is not there: exit 12, retryable', async () => {
    const config = configured();
    await server.close();
    const { code, envelope } = await signIn(agree, { config });
    expect(code).toBe(12);
    expect(envelope.error).toMatchObject({ retryable: true });
    server = await startAuthorizationServer();
  });

  it('a directory that cannot be written to: nothing is left behind', async () => {
    writeFileSync(join(directory, 'secrets'), 'a file where a directory should be');
    const { code, envelope } = await signIn(agree);
    expect(code).toBe(78);
    expect(envelope.error?.message).toContain('cannot be written');
  });
});
