import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAwsSecrets } from '../../../lib/aws/secrets.ts';
import { ConfigError } from '../../../lib/core/errors.ts';
import type { Secrets } from '../../../lib/ports.ts';
import { type LoopbackAnswer, startLoopback } from './loopback.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:ci-AbCdEf';
const reference = `secretsmanager:${arn}`;
type Asked = { action: string; body: Record<string, unknown> };

let asked: Asked[];
let now_ms: number;
let answer: (asked: Asked) => Promise<{ status?: number; body: object }> | { status?: number; body: object };
let secrets: Secrets;
let close: () => Promise<void>;

beforeEach(async () => {
  asked = [];
  now_ms = 0;
  answer = ({ action, body }) =>
    action === 'secretsmanager.GetSecretValue'
      ? { body: { SecretString: `value of ${body['SecretId']}` } }
      : { body: { Parameter: { Value: `${body['Name']}, ${body['WithDecryption']}` } } };
  const server = await startLoopback(async ({ headers, body }): Promise<LoopbackAnswer> => {
    const call = { action: String(headers['x-amz-target']), body: JSON.parse(body) };
    asked.push(call);
    const { status = 200, body: said } = await answer(call);
    return { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(said) };
  });
  const shared = {
    endpoint: server.endpoint,
    region: 'eu-west-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const [secretsManager, ssm] = [new SecretsManagerClient(shared), new SSMClient(shared)];
  secrets = createAwsSecrets({ secretsManager, ssm, now: () => now_ms, timeout_ms: 200 });
  close = async () => {
    secretsManager.destroy();
    ssm.destroy();
    await server.close();
  };
});
afterEach(() => close());

const refusal = (name: string) => ({ status: 400, body: { __type: name, message: 'no' } });
const stored = (SecretString: string) => () => ({ body: { SecretString } });

describe('secrets on AWS', () => {
  it('are read from Secrets Manager, whole or one text of an object', async () => {
    expect(await secrets.resolve(reference)).toBe(`value of ${arn}`);
    answer = stored('{"token":"t0p","number":1}');
    expect(await secrets.resolve(`${reference}2#token`)).toBe('t0p');
  });
  it('are read decrypted from Parameter Store', async () => {
    expect(await secrets.resolve('ssm:/ci/token')).toBe('/ci/token, true');
  });
  it('are read once in five minutes, also by many at once and for several keys', async () => {
    answer = stored('{"a":"1","b":"2"}');
    const all = ['a', 'b', 'a'].map((key) => secrets.resolve(`${reference}#${key}`));
    expect(await Promise.all(all)).toEqual(['1', '2', '1']);
    now_ms = 299_999;
    await secrets.resolve(`${reference}#a`);
    expect(asked).toHaveLength(1);
    answer = stored('{"a":"new"}');
    now_ms = 300_000;
    expect(await secrets.resolve(`${reference}#a`)).toBe('new');
  });
  it('are read again at once for who asks for a fresh one, and kept for everybody', async () => {
    answer = stored('{"a":"old"}');
    await secrets.resolve(`${reference}#a`);
    answer = stored('{"a":"rotated"}');
    expect(await secrets.resolve(`${reference}#a`, { fresh: true })).toBe('rotated');
    expect(await secrets.resolve(`${reference}#a`)).toBe('rotated');
    expect(asked).toHaveLength(2);
    answer = () => ({ body: { Parameter: { Value: `version ${asked.length}` } } });
    expect(await secrets.resolve('ssm:/ci/token')).toBe('version 3');
    expect(await secrets.resolve('ssm:/ci/token', { fresh: true })).toBe('version 4');
    expect(await secrets.resolve('ssm:/ci/token')).toBe('version 4');
  });
  it('are not passed off as fresh when they cannot be read again, and serve on for the rest', async () => {
    await secrets.resolve(reference);
    answer = () => ({ status: 500, body: { __type: 'InternalServiceError' } });
    await expect(secrets.resolve(reference, { fresh: true })).rejects.toThrow();
    expect(await secrets.resolve(reference)).toBe(`value of ${arn}`);
  });
  it('stay the fresh ones when an earlier read answers later, or fails', async () => {
    for (const late of [stored('old')(), refusal('AccessDeniedException')]) {
      const release = Promise.withResolvers<{ status?: number; body: object }>();
      const slow = `${reference}${asked.length}`;
      answer = () => release.promise;
      const early = secrets.resolve(slow).catch(() => 'failed');
      await expect.poll(() => asked.at(-1)?.body['SecretId']).toBe(slow.slice('secretsmanager:'.length));
      answer = stored('new');
      now_ms += 1;
      await secrets.resolve(slow, { fresh: true });
      release.resolve(late);
      await early;
      const calls = asked.length;
      expect(await secrets.resolve(slow)).toBe('new');
      expect(asked).toHaveLength(calls);
      answer = () => ({ status: 500, body: { __type: 'InternalServiceError' } });
      now_ms += 300_000;
      expect(await secrets.resolve(slow)).toBe('new');
    }
  });
  it('serve on when they cannot be read again, for an hour', async () => {
    await secrets.resolve(reference);
    answer = () => ({ status: 500, body: { __type: 'InternalServiceError' } });
    now_ms = 3_599_999;
    expect(await secrets.resolve(reference)).toBe(`value of ${arn}`);
    now_ms = 7_200_000;
    await expect(secrets.resolve(reference)).rejects.toThrow();
  });
  it('are read again after a failure', async () => {
    answer = () => ({ status: 500, body: { __type: 'InternalServiceError' } });
    await expect(secrets.resolve(reference)).rejects.toThrow();
    answer = stored('back');
    expect(await secrets.resolve(reference)).toBe('back');
  });
  it('fail in time when nobody answers', async () => {
    const release = Promise.withResolvers<{ body: object }>();
    answer = () => release.promise;
    await expect(secrets.resolve(reference)).rejects.toMatchObject({ name: expect.stringMatching(/Abort|Timeout/) });
    release.resolve({ body: {} });
  });
  it.each(['ResourceNotFoundException', 'AccessDeniedException', 'DecryptionFailure', 'InvalidRequestException'])(
    'fail for the operator to mend on %s',
    async (name) => {
      answer = () => refusal(name);
      await expect(secrets.resolve(reference)).rejects.toThrow(ConfigError);
    },
  );
  it('fail for the operator to mend when a parameter is missing', async () => {
    answer = () => refusal('ParameterNotFound');
    await expect(secrets.resolve('ssm:nowhere')).rejects.toThrow(/"ssm:nowhere" does not exist/);
  });
  it.each([
    ['no JSON', 's3cret'],
    ['no object', '"s3cret"'],
    ['an object without the key', '{"other":"s3cret"}'],
    ['an object with another thing under the key', '{"token":{"s3cret":1}}'],
  ])('fail on %s behind a key, without repeating it', async (_, value) => {
    answer = stored(value);
    const error: unknown = await secrets.resolve(`${reference}#token`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(JSON.stringify(error, ['message', 'stack', 'cause'])).not.toContain('s3cret');
    expect(String(error)).not.toContain('s3cret');
  });
  it('fail when they are binary or empty', async () => {
    answer = () => ({ body: { SecretBinary: 'AAAA' } });
    await expect(secrets.resolve(reference)).rejects.toThrow(/empty or binary/);
  });
  it('fail on references of a single machine, and on what is none', async () => {
    await expect(secrets.resolve('env:TOKEN')).rejects.toThrow(/embedded engine/);
    await expect(secrets.resolve('file:token')).rejects.toThrow(/embedded engine/);
    const error: unknown = await secrets.resolve('hunter2').catch((thrown: unknown) => thrown);
    expect(String(error)).not.toContain('hunter2');
  });
});
