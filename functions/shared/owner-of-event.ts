import type { OwnerOf } from '../../lib/api/api-options.ts';
import { RequestError } from '../../lib/core/errors.ts';
import type { apiAuths } from '../../lib/env.ts';

export type OwnerRule = { auth: (typeof apiAuths)[number]; owner_claim: string | undefined };

/** What API Gateway says about a caller it let through, as payload 2.0 has it. */
type Authorizer = {
  iam?: { accountId?: unknown; userArn?: unknown };
  jwt?: { claims?: Record<string, unknown> };
  lambda?: Record<string, unknown>;
};

/** Names the owner of a request that API Gateway let through. Throws RequestError UNAUTHENTICATED when nobody is named. */
export function ownerOfEvent({ auth, owner_claim }: OwnerRule): OwnerOf {
  return (request) => {
    // API Gateway's own word, of which nothing is believed but what `text` finds in it.
    const authorizer = (request.authorizer ?? {}) as Authorizer;
    const owner =
      auth === 'iam'
        ? principalOf(authorizer)
        : auth === 'jwt'
          ? subjectOf(authorizer, owner_claim ?? 'sub')
          : text(authorizer.lambda?.[owner_claim ?? 'owner']);
    if (owner === '') throw new RequestError('UNAUTHENTICATED', 'the credentials name nobody who could own a job');
    return owner;
  };
}

/**
 * Account and role or user. A session's name is the caller's own choice, and the next session of the same role must find its
 * jobs: `arn:aws:sts::123456789012:assumed-role/ci/run-42` owns as `123456789012:assumed-role/ci`.
 */
function principalOf({ iam }: Authorizer): string {
  const account = text(iam?.accountId);
  const resource = text(iam?.userArn).split(':').slice(5).join(':');
  const [type = '', name = ''] = resource.split('/');
  if (account === '' || resource === '') return '';
  if (type === 'assumed-role' || type === 'federated-user') return name === '' ? '' : `${account}:${type}/${name}`;
  return `${account}:${resource}`;
}

/** The same subject of another issuer is somebody else. */
function subjectOf({ jwt }: Authorizer, claim: string): string {
  const issuer = text(jwt?.claims?.['iss']);
  const subject = text(jwt?.claims?.[claim]);
  return issuer === '' || subject === '' ? '' : `${issuer}#${subject}`;
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
