import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLoopback } from '../queues/loopback.ts';
import { type CloudStory, cloudStory } from './cloud-story.ts';
import { state } from './remote.ts';

/* Who may call, and who then owns the jobs: the deployment with each way to prove it, from the token to the record. */

const unauthorized = { status: 401, body: { message: 'Unauthorized' } };
const owns = async (story: CloudStory, run: string, mine: string, others: string): Promise<void> => {
  story.remote.say(() => state('RUNNING'));
  const body = story.startBody(run, { expected_seconds: 100 });
  const started = await story.call('POST', '/v1/jobs', body, undefined, mine);
  expect(started).toMatchObject({ status: 202, body: { status: 'running' } });
  const path = `/v1/jobs/${Object(started.body).job_id}`;
  expect(await story.call('GET', path, undefined, undefined, mine)).toMatchObject({ status: 200 });
  expect(await story.call('GET', path, undefined, undefined, others)).toMatchObject({ status: 404 });
  expect(await story.call('GET', '/v1/jobs', undefined, undefined, others)).toMatchObject({ body: { items: [] } });
};

describe('tokens of an issuer', () => {
  const issuer = 'https://login.example.com';
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const strangers = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let story: CloudStory;
  let login: Awaited<ReturnType<typeof startLoopback>>;

  beforeAll(async () => {
    login = await startLoopback(async ({ url }) => {
      const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig' };
      const body = url.pathname === '/keys' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    });
    story = await cloudStory({
      properties: () => ({ auth: { type: 'jwt', issuer, audience: ['untildone'] } }),
      reach: (url) => url.replace(issuer, login.endpoint),
    });
  }, 120_000);
  afterAll(async () => {
    await story.close();
    await login.close();
  });

  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  /** A token as the issuer signs it, unless told otherwise. */
  function token(claims: object = {}, header: object = {}, key: KeyObject = keys.privateKey): string {
    const now_s = Math.floor(story.time.now() / 1000);
    const usual = { iss: issuer, aud: 'untildone', sub: 'anna', iat: now_s - 10, exp: now_s + 600 };
    const signed = `${part({ alg: 'RS256', kid: 'one', ...header })}.${part({ ...usual, ...claims })}`;
    return `Bearer ${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  }
  const ask = (authorization?: string) => story.call('GET', '/v1/kinds', undefined, undefined, authorization);

  it('let their subjects in, each to jobs of its own', async () => {
    await owns(story, 'of-anna', token(), token({ sub: 'berta' }));
  });
  it('let in who is one of several audiences', async () => {
    expect((await ask(token({ aud: ['others', 'untildone'] }))).status).toBe(200);
    expect((await ask(token({ aud: undefined, client_id: 'untildone' }))).status).toBe(200);
  });
  const wrong: [string, () => string | undefined][] = [
    ['no token', () => undefined],
    ['what is no token', () => 'Bearer anna'],
    ['a token that has expired', () => token({ exp: Math.floor(story.time.now() / 1000) - 1 })],
    ['a token that does not expire', () => token({ exp: undefined })],
    ['a token for later', () => token({ nbf: Math.floor(story.time.now() / 1000) + 60 })],
    ['a token for somebody else', () => token({ aud: 'others' })],
    ['a token of another issuer', () => token({ iss: 'https://login.example.org' })],
    ['a token signed by another key', () => token({}, {}, strangers.privateKey)],
    ['a token of a key that is not known', () => token({}, { kid: 'two' })],
    ['a token that nobody signed', () => token({}, { alg: 'none' })],
    [
      'a token whose claims were changed',
      () => token().replace(/\.[^.]+\./, `.${part({ iss: issuer, sub: 'root' })}.`),
    ],
  ];
  it.each(wrong)('rejects %s', async (_, authorization) => {
    const before = new Map(story.cloud.lambda.invocations);
    expect(await ask(authorization())).toEqual(unauthorized);
    expect(story.cloud.lambda.invocations).toEqual(before);
  });
});

describe('tokens that a function of the operator knows', () => {
  const code = `export const handler = async ({ identitySource: [token], routeArn }) => {
    if (token === 'broken') throw new Error('out of order');
    const owner = { 'Bearer a': 'team-a', 'Bearer b': 'team-b', 'Bearer nobody': '' }[token];
    return { isAuthorized: owner !== undefined, context: { owner, routeArn } };
  };`;
  let story: CloudStory;
  let directory: string;
  const authorizer = (): string =>
    story.cloud.described.functions.find(({ name }) => name.startsWith('Tokens'))?.name ?? '';
  const ask = (authorization?: string) => story.call('GET', '/v1/kinds', undefined, undefined, authorization);
  const asked = (): number => story.cloud.lambda.invocations.get(authorizer()) ?? 0;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'authorizer-'));
    writeFileSync(join(directory, 'index.mjs'), code);
    story = await cloudStory({
      properties: (stack) => ({
        auth: {
          type: 'tokenAuthorizer',
          cacheSeconds: 60,
          authorizer: new LambdaFunction(stack, 'Tokens', {
            code: Code.fromAsset(directory),
            handler: 'index.handler',
            runtime: Runtime.NODEJS_24_X,
          }),
        },
        throttle: { ratePerSecond: 1, burst: 20 },
      }),
    });
  }, 120_000);
  afterAll(async () => {
    await story.close();
    rmSync(directory, { recursive: true });
  });

  it('let owners in, each to jobs of its own', async () => {
    await owns(story, 'of-team-a', 'Bearer a', 'Bearer b');
  });
  it('are asked for once in the time that an answer is kept', async () => {
    await story.time.advance(61);
    const before = asked();
    expect([(await ask('Bearer a')).status, (await ask('Bearer a')).status]).toEqual([200, 200]);
    expect(asked()).toBe(before + 1);
    await story.time.advance(61);
    await ask('Bearer a');
    expect(asked()).toBe(before + 2);
  });
  it('rejects who is not let in, who brings none, and everybody while the function is out of order', async () => {
    expect(await ask('Bearer x')).toEqual({ status: 403, body: { message: 'Forbidden' } });
    const before = asked();
    expect(await ask()).toEqual(unauthorized);
    expect(asked()).toBe(before);
    expect(await ask('broken')).toEqual({ status: 500, body: { message: 'Internal Server Error' } });
  });
  it('rejects whom the function lets in without a name', async () => {
    expect(await ask('Bearer nobody')).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  });
  it('are throttled together, as the deployment says', async () => {
    await story.time.advance(60);
    const answered: { status: number; body: unknown }[] = [];
    for (let number = 0; number < 30; number += 1) answered.push(await ask());
    // The burst of 20, and what is refilled meanwhile; then nobody is even asked who they are.
    expect(answered.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => unauthorized));
    expect(answered).toContainEqual({ status: 429, body: { message: 'Too Many Requests' } });
    await story.time.advance(5);
    expect((await ask('Bearer a')).status).toBe(200);
  });
});
