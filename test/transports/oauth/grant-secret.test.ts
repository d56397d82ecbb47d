import { describe, expect, it } from 'vitest';
import { readGrant, withRefreshToken, writeGrant } from '../../../lib/transports/oauth/grant-secret.ts';

describe('the secret behind a refresh token', () => {
  it('is the bare token, or an object with what belongs to it', () => {
    expect(readGrant('r-1')).toEqual({ refresh_token: 'r-1' });
    const grant = { refresh_token: 'r-1', client_id: 'c', token_url: 'https://login.example.com/token' };
    expect(readGrant(writeGrant(grant))).toEqual(grant);
    expect(readGrant('{"client_id":"c"}')).toBeUndefined();
    expect(readGrant('{"refresh_token":"r","client_id":7,"note":"x"}')).toEqual({ refresh_token: 'r' });
    // Braces are allowed in a token.
    expect(readGrant('{not json')).toEqual({ refresh_token: '{not json' });
  });
  it('keeps its form when the token is replaced', () => {
    expect(withRefreshToken('r-1', 'r-2')).toBe('r-2');
    expect(JSON.parse(withRefreshToken('{"refresh_token":"r-1","client_id":"c","note":"x"}', 'r-2'))).toEqual({
      refresh_token: 'r-2',
      client_id: 'c',
      note: 'x',
    });
  });
});
