import { mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretWriter } from '../../bin/write-secret.ts';
import { type SecretsFront, startSecretsFront } from '../cloud/queues/secrets-front.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:octo-AbCdEf';
const directory = temporaryDirectory();
afterAll(() => directory.remove());

describe('a secret in Secrets Manager', () => {
  let secrets: Record<string, string>;
  let front: SecretsFront;
  beforeEach(async () => {
    secrets = { [arn]: '{"client":"kept"}' };
    front = await startSecretsFront({ region: 'eu-west-1', account: '123456789012', secrets });
  });
  afterEach(() => front.close());
  const write = (reference: string, text: string) =>
    secretWriter(reference, directory.path, {
      endpoint: front.endpoint,
      credentials: { accessKeyId: 'AKIA', secretAccessKey: 'x' },
      maxAttempts: 1,
    })(text);

  it('is written whole', async () => {
    await write(`secretsmanager:${arn}`, 'new');
    expect(secrets[arn]).toBe('new');
  });
  it('is written under its key, beside the others', async () => {
    await write(`secretsmanager:${arn}#token`, '{"refresh_token":"r"}');
    expect(JSON.parse(secrets[arn] ?? '')).toEqual({ client: 'kept', token: '{"refresh_token":"r"}' });
  });
  it('that is no object takes no key, and is not quoted', async () => {
    secrets[arn] = 't0p-secret';
    await expect(write(`secretsmanager:${arn}#token`, 'new')).rejects.toThrow(/no JSON object/);
    await expect(write(`secretsmanager:${arn}#token`, 'new')).rejects.not.toThrow(/t0p-secret/);
    expect(secrets[arn]).toBe('t0p-secret');
  });
  it('that is not there is named', async () => {
    await expect(write(`secretsmanager:${arn}-gone`, 'new')).rejects.toThrow(
      /-gone cannot be written \(ResourceNotFound/,
    );
  });
});

describe('a secret in a file', () => {
  it('stays behind its link, for its owner alone', async () => {
    mkdirSync(join(directory.path, 'real'));
    writeFileSync(join(directory.path, 'real/token'), 'old', { mode: 0o644 });
    symlinkSync('real/token', join(directory.path, 'token'));
    await secretWriter('file:token', directory.path)('new');
    expect(readFileSync(join(directory.path, 'real/token'), 'utf8')).toBe('new\n');
    expect(statSync(join(directory.path, 'real/token')).mode & 0o777).toBe(0o600);
    expect(readlinkSync(join(directory.path, 'token'))).toBe('real/token');
  });
});

it.each(['env:OCTO', 'ssm:/octo', 'octo'])('refuses %s at once: nothing can be written there', (reference) => {
  expect(() => secretWriter(reference, directory.path)).toThrow(/cannot be written to from here/);
});
