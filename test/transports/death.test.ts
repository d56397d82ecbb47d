import { afterEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../lib/core/configuration.ts';
import { answer } from '../support/fault-server.ts';
import { type TransportWorld, transportWorld } from './transport-world.ts';

const worlds: TransportWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

const bearer: Connection['auth'] = { type: 'bearer', token: 'env:T' };

/** What each of these secrets amounts to, as a remote system that answers `status` sees them one after the other. */
async function deathsOf(secrets: string[], { auth = bearer, status = 401 } = {}) {
  const world = await transportWorld(() => answer(status, '{}'), { connection: { auth }, secrets });
  worlds.push(world);
  const seen = [];
  for (const _secret of secrets) seen.push((await world.call('/jobs/1')).death);
  return seen;
}

describe('a credential that the remote system refuses', () => {
  it.each<[string, Connection['auth']]>([
    ['bearer', bearer],
    ['api-key', { type: 'api-key', header: 'x-api-key', value: 'env:T' }],
    ['basic', { type: 'basic', username: 'ann', password: 'env:T' }],
  ])('is one death for all calls and processes: %s', async (_name, auth) => {
    const [first, second] = await deathsOf(['hunter2', 'hunter2'], { auth });
    const [elsewhere] = await deathsOf(['hunter2'], { auth });
    expect(first).toEqual({ id: expect.stringMatching(/^secret-[\w-]{16}$/), renew: 'store a valid one at env:T' });
    expect([second, elsewhere]).toEqual([first, first]);
  });

  it('is another death once another secret is there', async () => {
    const [first, second] = await deathsOf(['one', 'two', 'three', 'four']);
    expect(first?.id).toBeDefined();
    expect(second?.id).not.toBe(first?.id);
  });

  it('is a death where there is none to send', async () => {
    expect(await deathsOf([''], { auth: { type: 'none' } })).toEqual([expect.objectContaining({ id: 'none' })]);
  });

  it('is a death where its secret cannot be used, with the reason in the message', async () => {
    const [first, second] = await deathsOf(['', '']);
    expect(first).toEqual({ id: expect.stringMatching(/^unusable-/), renew: expect.stringContaining('read message') });
    expect(second).toEqual(first);
  });

  it.each([403, 404, 500, 200])('is none after %i, which may be about this one job', async (status) => {
    expect(await deathsOf(['one'], { status })).toEqual([undefined]);
  });
});
