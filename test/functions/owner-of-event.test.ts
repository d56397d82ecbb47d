import { describe, expect, it } from 'vitest';
import { type OwnerRule, ownerOfEvent } from '../../functions/shared/owner-of-event.ts';

const nothing = { method: 'GET', path: '/', query: '', host: 'x', headers: {}, bytes: async () => new Uint8Array() };
const ownerOf = (rule: Partial<OwnerRule>, authorizer: unknown): unknown =>
  ownerOfEvent({ auth: 'iam', owner_claim: undefined, ...rule })({ ...nothing, authorizer });
const iam = (userArn: unknown, accountId: unknown = '123456789012') => ({ iam: { accountId, userArn } });

describe('who owns a job', () => {
  it.each([
    ['a role, without the session', 'arn:aws:sts::123456789012:assumed-role/ci/run-42', '123456789012:assumed-role/ci'],
    ['a user, with the path', 'arn:aws:iam::123456789012:user/ops/ann', '123456789012:user/ops/ann'],
    ['a federated user', 'arn:aws:sts::123456789012:federated-user/ann', '123456789012:federated-user/ann'],
    ['the root user', 'arn:aws:iam::123456789012:root', '123456789012:root'],
    ['a role in another partition', 'arn:aws-cn:sts::123456789012:assumed-role/ci/x', '123456789012:assumed-role/ci'],
  ])('iam: %s', (_, arn, owner) => {
    expect(ownerOf({}, iam(arn))).toBe(owner);
  });
  it('jwt: the issuer and its subject, or another claim', () => {
    const authorizer = { jwt: { claims: { iss: 'https://login.example.com', sub: 'ann', email: 'ann@example.com' } } };
    expect(ownerOf({ auth: 'jwt' }, authorizer)).toBe('https://login.example.com#ann');
    expect(ownerOf({ auth: 'jwt', owner_claim: 'email' }, authorizer)).toBe(
      'https://login.example.com#ann@example.com',
    );
  });
  it('tokenAuthorizer: what the authorizer says, under `owner` or another key', () => {
    expect(ownerOf({ auth: 'tokenAuthorizer' }, { lambda: { owner: 'ann' } })).toBe('ann');
    expect(ownerOf({ auth: 'tokenAuthorizer', owner_claim: 'team' }, { lambda: { team: 'perf' } })).toBe('perf');
  });
});

describe('fails closed', () => {
  it.each<[string, Partial<OwnerRule>, unknown]>([
    ['no authorizer', {}, undefined],
    ['no ARN', {}, iam(undefined)],
    ['no account', {}, iam('arn:aws:sts::1:assumed-role/ci/x', null)],
    ['a role without a name', {}, iam('arn:aws:sts::123456789012:assumed-role')],
    ['a token without a subject', { auth: 'jwt' }, { jwt: { claims: { iss: 'https://x' } } }],
    ['a token without an issuer', { auth: 'jwt' }, { jwt: { claims: { sub: 'ann' } } }],
    ['a missing claim', { auth: 'jwt', owner_claim: 'team' }, { jwt: { claims: { iss: 'https://x', sub: 'ann' } } }],
    ['an authorizer that names nobody', { auth: 'tokenAuthorizer' }, { lambda: {} }],
    ['a name that is an object', { auth: 'tokenAuthorizer' }, { lambda: { owner: { toString: 'x' } } }],
    ['claims of another kind of caller', { auth: 'jwt' }, iam('arn:aws:iam::123456789012:root')],
  ])('%s', (_, rule, authorizer) => {
    expect(() => ownerOf(rule, authorizer)).toThrow(/name nobody/);
  });
});
