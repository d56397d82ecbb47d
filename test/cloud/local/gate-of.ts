import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGate } from '../iam/gate.ts';
import { policiesOfRole, rolesIn } from '../iam/policies-of.ts';
import { namesIn, type Template } from '../iam/resolve.ts';
import { resourcePoliciesOf } from '../iam/resource-policies.ts';
import { account, region } from './local-cloud.ts';

/** The session token of a role. */
export const tokenOf = (role_arn: string): string => `token of ${role_arn}`;

/** Lets each role of a synthesized template do what its policies allow, and nothing else. */
export function gateOf(directory: string, template_name: string): ReturnType<typeof createGate> {
  // Written by CDK.
  const template = JSON.parse(readFileSync(join(directory, template_name), 'utf8')) as Template;
  const names = namesIn(template, { partition: 'aws', account, region });
  const principals = rolesIn(template).map((name) => {
    const policies = policiesOfRole(template, names, name);
    return [tokenOf(policies.role_arn), { name, policies }] as const;
  });
  return createGate(new Map(principals), resourcePoliciesOf(template, names));
}
