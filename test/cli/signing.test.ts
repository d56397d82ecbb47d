import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findEndpoint } from '../../lib/cli/find-endpoint.ts';
import { createSigner, signingPackages } from '../../lib/cli/sign-request.ts';
import manifest from '../../package.json' with { type: 'json' };
import { aJob, jobId } from './support/jobs.ts';
import { envelopeIn, handClock, run } from './support/run.ts';
import { type Reply, scriptedServer } from './support/scripted-server.ts';
import { signatureOf } from './support/signature.ts';
import { hidingPreload, installed, start } from './support/spawned.ts';

const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const env = { UNTILDONE_AUTH: 'sigv4', AWS_REGION: 'eu-west-1' };

/** The credential chain reads the environment of the process; nothing of the machine's own gets into it. */
function credentials(given: Record<string, string>): void {
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env).filter((one) => one.startsWith('AWS_'))) vi.stubEnv(name, undefined);
  const nowhere = join(tmpdir(), 'untildone-no-such-directory');
  const files = { HOME: nowhere, AWS_CONFIG_FILE: join(nowhere, 'config'), AWS_SHARED_CREDENTIALS_FILE: nowhere };
  const own = { AWS_EC2_METADATA_DISABLED: 'true', ...files, ...given };
  for (const [name, value] of Object.entries(own)) vi.stubEnv(name, value);
}
const lasting = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: secret };
const temporary = {
  ...lasting,
  AWS_ACCESS_KEY_ID: 'ASIAIOSFODNN7EXAMPLE',
  AWS_SESSION_TOKEN: 'FwoG/token+of==a session',
};
beforeEach(() => {
  credentials(lasting);
  return () => vi.unstubAllEnvs();
});

const page = { items: [], next_cursor: null, has_more: false };

describe('which endpoints are signed for', () => {
  const own = 'https://a1b2c3.execute-api.eu-west-1.amazonaws.com';
  it.each<[what: string, endpoint: string, env: NodeJS.ProcessEnv, region: string | undefined]>([
    ["API Gateway's own address, in the region it names", own, { AWS_REGION: 'us-east-1' }, 'eu-west-1'],
    ['one in China', 'https://a1.execute-api.cn-north-1.amazonaws.com.cn/prod', {}, 'cn-north-1'],
    ['another address if told so', 'https://jobs.example.com', env, 'eu-west-1'],
    ['not with a token', own, { UNTILDONE_TOKEN: 't' }, undefined],
    ['not another address by itself', 'https://jobs.example.com', { AWS_REGION: 'eu-west-1' }, undefined],
    ['not one that only looks like it', 'https://a1.execute-api.eu-west-1.amazonaws.com.example.com', {}, undefined],
  ])('%s', (_, endpoint, environment, region) => {
    const found = findEndpoint({ endpoint }, environment);
    expect(found.problems).toEqual([]);
    expect(found.endpoint.signing_region).toBe(region);
  });
  it('rejects an address without a region, and a word that is no way to sign', async () => {
    const { code, envelope } = await run(['job', 'list'], { env: { UNTILDONE_AUTH: 'sigv4' } });
    expect([code, envelope.error?.['problems']]).toEqual([
      2,
      [expect.objectContaining({ message: expect.stringContaining('set AWS_REGION') })],
    ]);
    expect((await run(['job', 'list'], { env: { UNTILDONE_AUTH: 'sigv5' } })).code).toBe(2);
  });
});

describe('a signed request', () => {
  it('carries the signature of what is sent: a body, its headers, a session token', async () => {
    credentials(temporary);
    const { url, asked } = await scriptedServer(() => ({ status: 202, json: aJob() }));
    const clock = handClock();
    const request = JSON.stringify({ kind: 'http', input: { words: 'naïve ✓ & "quoted"' } });
    const argv = ['job', 'start', '--request', request, '--idempotency-key', 'build-42?'];
    const { code } = await run(argv, { endpoint: url, env, clock });
    expect(code).toBe(0);
    const [one] = asked;
    if (one === undefined) throw new Error('nothing was sent');
    expect(signatureOf(one, secret)).toEqual({
      access_key: temporary.AWS_ACCESS_KEY_ID,
      region: 'eu-west-1',
      service: 'execute-api',
      date: '20261121T090000Z',
      signed: expect.arrayContaining(['content-type', 'host', 'idempotency-key', 'x-amz-date', 'x-amz-security-token']),
      valid: true,
    });
    expect(one.headers['x-amz-security-token']).toBe(temporary.AWS_SESSION_TOKEN);
    expect(signatureOf({ ...one, text: `${one.text} ` }, secret).valid).toBe(false);
    expect(signatureOf(one, `${secret}x`).valid).toBe(false);
  });
  it('has a query in the one spelling that is signed', async () => {
    const { url, asked } = await scriptedServer(() => ({ json: page }));
    await run(['job', 'list', '--limit', '7', '--cursor', "1 +~*'()!/=&é"], { endpoint: url, env });
    expect(asked[0]?.query).toEqual({ limit: '7', cursor: "1 +~*'()!/=&é" });
    expect(asked.map((one) => signatureOf(one, secret).valid)).toEqual([true]);
  });
  it.each(['/', '/prod/v1/jobs', '/a%20b/ü/%2F/(x)!*', "/it's/a;b=c,d/~e", '/v1/jobs?a=&b=%20&a=2&A=1&%C3%A4=*'])(
    'fits an odd address: %s',
    async (odd) => {
      const { url: base, asked } = await scriptedServer(() => ({}));
      const url = new URL(`${base}${odd}`);
      const signed = await createSigner('eu-west-1', {}).sign({ method: 'GET', url, headers: {}, body: undefined }, 0);
      if (!signed.ok) throw new Error('nothing was signed');
      await fetch(url, { headers: signed.value });
      expect(asked.map((one) => signatureOf(one, secret).valid)).toEqual([true]);
    },
  );
  it('is signed anew when it is repeated', async () => {
    const answers: Reply[] = [{ json: aJob() }, { status: 503 }, { json: aJob({ status: 'complete' }) }];
    const clock = handClock();
    const { url, asked } = await scriptedServer((_, count) => {
      clock.advance(4000);
      return answers[count - 1] ?? {};
    });
    expect((await run(['job', 'wait', jobId], { endpoint: url, env, clock })).code).toBe(0);
    const signatures = asked.map((one) => signatureOf(one, secret));
    expect(signatures.map(({ valid }) => valid)).toEqual([true, true, true]);
    expect(new Set(signatures.map(({ date }) => date)).size).toBe(3);
  });
  it('is not made with a token', async () => {
    const { url, asked } = await scriptedServer(() => ({ json: page }));
    await run(['job', 'list'], { endpoint: url, env: { ...env, UNTILDONE_TOKEN: 'tok' } });
    expect(asked[0]?.headers['authorization']).toBe('Bearer tok');
  });
});

describe('without credentials', () => {
  it('fails before anything is sent, and says where it looked and what to do', async () => {
    credentials({});
    const { url, asked } = await scriptedServer(() => ({}));
    const { code, envelope } = await run(['job', 'list'], { endpoint: url, env });
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('No AWS credentials'),
      fix_command: 'aws configure list',
    });
    const doctor = await run(['doctor'], { endpoint: url, env });
    expect([doctor.code, doctor.envelope.data]).toEqual([
      8,
      { checks: [expect.objectContaining({ name: 'identity', ok: false })] },
    ]);
    expect(asked).toEqual([]);
  });
  it('fails in words for a login that has run out', async () => {
    const { directory, remove } = installed();
    onTestFinished(remove);
    const config = join(directory, 'config');
    const session = '[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://sso.example.com/start\n';
    const profile = '[profile ci]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = ci\n';
    writeFileSync(config, `${session}${profile}`);
    credentials({ AWS_CONFIG_FILE: config, AWS_PROFILE: 'ci' });
    const { url } = await scriptedServer(() => ({}));
    const { code, envelope } = await run(['job', 'list'], { endpoint: url, env: { ...env, AWS_PROFILE: 'ci' } });
    expect([code, envelope.error]).toEqual([
      8,
      expect.objectContaining({ code: 'CREDENTIALS_EXPIRED', fix_command: 'aws sso login --profile ci' }),
    ]);
  });
  it.each(['@smithy/signature-v4', '@aws-sdk/credential-provider-node'])(
    'fails without %s, and says what to install',
    async (name) => {
      const { directory, path, remove } = installed();
      onTestFinished(remove);
      const { url, asked } = await scriptedServer(() => ({ json: page }));
      const hidden = {
        PATH: path,
        NODE_OPTIONS: `--import ${hidingPreload(directory, [name])}`,
        UNTILDONE_ENDPOINT: url,
      };
      const signing = await start('untildone', ['job', 'list'], { ...hidden, ...env, ...lasting }).exited;
      expect(signing.code).toBe(8);
      expect(envelopeIn(signing.stdout, 8).error).toMatchObject({
        code: 'SIGNING_NOT_INSTALLED',
        fix_command: `npm install ${signingPackages.join(' ')}`,
      });
      expect(asked).toEqual([]);
      // Who does not sign needs neither.
      expect((await start('untildone', ['job', 'list'], hidden).exited).code).toBe(0);
    },
  );
  it('names the versions to install that it is tested with', () => {
    const { devDependencies } = manifest;
    expect(signingPackages).toEqual(
      (['@smithy/signature-v4', '@aws-sdk/credential-provider-node'] as const).map(
        (name) => `${name}@${devDependencies[name]}`,
      ),
    );
  });
  it('doctor names who signs, and no secret', async () => {
    credentials(temporary);
    const { url } = await scriptedServer(({ path }) => ({ json: path === '/health' ? { ok: true } : page }));
    const { stdout } = await run(['doctor'], { endpoint: url, env });
    expect(stdout).toContain('temporary access key ASIA…MPLE');
    expect(stdout).not.toContain(secret);
    expect(stdout).not.toContain(temporary.AWS_SESSION_TOKEN);
  });
});

describe('what API Gateway says before anybody of ours is asked', () => {
  const told = async (status: number, message: string, environment: NodeJS.ProcessEnv = env) => {
    const { url } = await scriptedServer(() => ({ status, json: { message } }));
    const { code, envelope } = await run(['job', 'list'], { endpoint: url, env: environment });
    return { exit: code, ...envelope.error };
  };
  it.each<[number, string, exit: number, code: string, advice: RegExp]>([
    [403, 'Forbidden', 7, 'PERMISSION_DENIED', /execute-api:Invoke/],
    [403, 'The security token included in the request is expired', 8, 'CREDENTIALS_EXPIRED', /Log in again/],
    [403, 'Signature expired: 20261121T090000Z is now earlier than …', 8, 'UNAUTHENTICATED', /clock/],
    [403, 'The request signature we calculated does not match …', 8, 'UNAUTHENTICATED', /AWS_REGION/],
    [401, 'Unauthorized', 8, 'UNAUTHENTICATED', /UNTILDONE_TOKEN/],
    [404, 'Not Found', 12, 'ROUTE_NOT_FOUND', /stage/],
  ])('%i %s', async (status, message, exit, code, advice) => {
    const error = await told(status, message);
    expect(error).toMatchObject({ exit, code, http_status: status, message: expect.stringContaining(message) });
    expect(JSON.stringify([error.suggestion, error.fix_required])).toMatch(advice);
  });
  it.each(['Missing Authentication Token', 'Forbidden'])(
    '403 %s, to a request without a signature',
    async (message) => {
      const error = await told(403, message, {});
      expect(error).toMatchObject({ exit: 8, code: 'UNAUTHENTICATED' });
      expect(error.fix_required).toContain('UNTILDONE_AUTH=sigv4');
    },
  );
  it('403 Forbidden, to a token', async () => {
    expect(await told(403, 'Forbidden', { UNTILDONE_TOKEN: 't' })).toMatchObject({
      exit: 7,
      code: 'PERMISSION_DENIED',
    });
  });
});
