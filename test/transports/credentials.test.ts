import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Auth, OauthAuth } from '../../lib/core/auth.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import type { Secrets } from '../../lib/ports.ts';
import { createCredentialSource } from '../../lib/transports/credentials.ts';
import { createLocalSecrets } from '../../lib/transports/local-secrets.ts';

const sourceOf = (auth: Exclude<Auth, OauthAuth>, answers: string[]) => {
  let reads = 0;
  const secrets = { resolve: async () => answers[Math.min(reads++, answers.length - 1)] ?? '' };
  return { source: createCredentialSource('ci', auth, secrets), reads: () => reads };
};
const bearer: Exclude<Auth, OauthAuth> = { type: 'bearer', token: 'env:T' };

describe('a credential source', () => {
  test.each<[Exclude<Auth, OauthAuth>, string[]]>([
    [{ type: 'none' }, []],
    [bearer, ['authorization', 'Bearer s3cr3t-a']],
    [{ type: 'api-key', header: 'X-Api-Key', value: 'env:T' }, ['x-api-key', 's3cr3t-a']],
    [
      { type: 'basic', username: 'ann', password: 'env:T' },
      ['authorization', `Basic ${Buffer.from('ann:s3cr3t-a').toString('base64')}`],
    ],
  ])('writes the headers of %j', async (auth, headers) => {
    expect((await sourceOf(auth, ['s3cr3t-a']).source.current()).headers).toEqual(headers);
  });

  test('reads a secret once, also for callers that come together', async () => {
    const { source, reads } = sourceOf(bearer, ['one']);
    await Promise.all([source.current(), source.current()]);
    await source.current();
    expect(reads()).toBe(1);
  });

  test('reads it again on refresh, once for all who saw the same one refused', async () => {
    const { source, reads } = sourceOf(bearer, ['token-one', 'token-two']);
    const used = await source.current();
    const [first, second] = await Promise.all([source.refresh(used), source.refresh(used)]);
    const late = await source.refresh(used);
    expect([first.value, second.value, late.value]).toEqual(['token-two', 'token-two', 'token-two']);
    expect(reads()).toBe(2);
  });

  test('takes a kept secret at first, and a fresh one on refresh', async () => {
    const asked: (boolean | undefined)[] = [];
    const secrets: Secrets = {
      resolve: async (_, reading) => {
        asked.push(reading?.fresh);
        return `token-${asked.length}`;
      },
    };
    const source = createCredentialSource('ci', bearer, secrets);
    await source.refresh(await source.current());
    expect(asked).toEqual([false, true]);
  });

  test('redacts the secret, its base64 pair, its URL spelling and the secrets it replaced', async () => {
    const { source } = sourceOf({ type: 'basic', username: 'ann', password: 'env:T' }, ['p@ss word', 'next-one']);
    const renewed = await source.refresh(await source.current());
    const pair = Buffer.from('ann:p@ss word').toString('base64');
    expect(renewed.redactor.text(`p@ss word p%40ss%20word ${pair} next-one`)).toBe(
      '[redacted] [redacted] [redacted] [redacted]',
    );
  });

  test.each([
    ['an empty secret', bearer, ''],
    ['a line break inside', bearer, 'abc\r\nx: y'],
    ['a line break at the end', bearer, 'abc\n'],
    ['a character no header carries', bearer, 'schlüssel'],
    ['a space at the end', bearer, 'abc '],
    ['a username with a colon', { type: 'basic', username: 'a:b', password: 'env:T' } satisfies Auth, 'abc'],
  ])('rejects %s without repeating the secret', async (_, auth, value) => {
    const error = await Promise.resolve(sourceOf(auth, [value]).source.current()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    if (value !== '') expect(String(error)).not.toContain(value);
  });
});

describe('local secrets', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'untildone-secrets-'));
    await writeFile(join(folder, 'one'), 'from-file\n');
    await writeFile(join(folder, 'windows'), 'from-file\r\n');
    await writeFile(join(folder, 'two-lines'), 'from-file\n\n');
    await writeFile(join(folder, 'empty'), '\n');
    await writeFile(join(folder, 'large'), 'x'.repeat(70_000));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const resolve = (reference: string) =>
    createLocalSecrets({ environment: { TOKEN: 'from-env', EMPTY: '' }, base_directory: folder }).resolve(reference);

  test.each([
    ['env:TOKEN', 'from-env'],
    ['file:one', 'from-file'],
    ['file:./one', 'from-file'],
    ['file:windows', 'from-file'],
    ['file:two-lines', 'from-file\n'],
  ])('resolves %s, without one newline at the end of a file', async (reference, expected) => {
    expect(await resolve(reference)).toBe(expected);
  });

  test('resolves an absolute path', async () => {
    expect(await resolve(`file:${join(folder, 'one')}`)).toBe('from-file');
  });

  test.each([
    ['env:MISSING', 'MISSING is not set'],
    ['env:EMPTY', 'EMPTY is empty'],
    ['env:toString', 'toString is not set'],
    ['file:nowhere', 'ENOENT'],
    ['file:empty', 'is empty'],
    ['file:large', 'at most 65536 bytes'],
    ['file:.', 'no plain file'],
    ['secretsmanager:arn:aws:x', 'needs the aws engine'],
    ['ssm:/x', 'needs the aws engine'],
  ])('rejects %s saying "%s"', async (reference, words) => {
    await expect(resolve(reference)).rejects.toThrow(ConfigError);
    await expect(resolve(reference)).rejects.toThrow(words);
  });

  test('rejects a literal secret without repeating it', async () => {
    await expect(resolve('hunter2-literal')).rejects.toThrow(/^(?!.*hunter2)/);
  });
});
