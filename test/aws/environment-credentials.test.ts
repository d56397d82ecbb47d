import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultProvider } from '../../lib/aws/environment-credentials.ts';
import { ConfigError } from '../../lib/core/errors.ts';

const given = (id: string, secret: string, token: string) => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', id);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secret);
  vi.stubEnv('AWS_SESSION_TOKEN', token);
};
afterEach(() => vi.unstubAllEnvs());

describe('credentials of a function', () => {
  it('are those of its environment, as they are when they are asked for', async () => {
    const provide = defaultProvider();
    given('id', 'secret', 'token');
    expect(await provide()).toEqual({ accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' });
    given('other', 'secret', '');
    expect(await provide()).toEqual({ accessKeyId: 'other', secretAccessKey: 'secret' });
  });
  it.each([
    ['', ''],
    ['id', ''],
    ['', 'secret'],
  ])('fails when they are not all there (%j, %j)', async (id, secret) => {
    given(id, secret, 'token');
    await expect(defaultProvider()()).rejects.toThrow(ConfigError);
    await expect(defaultProvider()()).rejects.toThrow('AWS_SECRET_ACCESS_KEY are not set');
  });
});
