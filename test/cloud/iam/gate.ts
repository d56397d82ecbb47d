import type { Authorize } from '../queues/api-call.ts';
import { type Ask, covers, evaluateAll, evaluateTrust } from './evaluate.ts';
import type { RolePolicies } from './policies-of.ts';
import { keyAsksOf, type ResourcePolicies } from './resource-policies.ts';
import { pairsIn, patternOf, type Statement } from './statements.ts';

/** One who calls, by session token: a function, or a service in a role it took. */
export type Principal = { name: string; policies: RolePolicies };

export type Gate = {
  /** For the loopback servers. Says who may not do what, as AWS words it. */
  authorize: Authorize;
  /** What is allowed and was never asked for, `name: action on resource`. */
  unused(): string[];
};

const none: ResourcePolicies = { statements: new Map(), keys: new Map() };

/** Weighs every call by the policies of who makes it, of what it is about, and of the key that this is encrypted with. Calls without a token of ours are refused, and remembered by nobody. */
export function createGate(principals: ReadonlyMap<string, Principal>, resources: ResourcePolicies = none): Gate {
  const grants = [...principals.values()].flatMap(({ name, policies }) =>
    pairsIn(policies.statements)
      .filter(({ effect }) => effect === 'Allow')
      .map((grant) => ({ name, policies, grant })),
  );
  const used = new Set<Statement>();
  const roles = new Map([...principals.values()].map(({ policies }) => [policies.role_arn, policies]));

  /** A service that takes a role has no token yet: it is told apart by its name. */
  function mayTake(role_arn: string, context: Record<string, string>): boolean {
    const trust = roles.get(role_arn)?.trust ?? [];
    return evaluateTrust(trust, { service: context['aws:PrincipalServiceName'] ?? '', context }) === 'allowed';
  }
  const verdictOn = ({ statements, boundary, role_arn }: RolePolicies, ask: Ask) =>
    evaluateAll(
      { identity: statements, boundary, resource: resources.statements.get(ask.resource) ?? null },
      ask,
      role_arn,
    );
  return {
    authorize: ({ session_token, action, resource, context }) => {
      if (action === 'sts:AssumeRole' && session_token === null)
        return mayTake(resource, context) ? null : `${context['aws:PrincipalServiceName']} may not take ${resource}`;
      const caller = principals.get(session_token ?? '');
      if (caller === undefined) return `The security token included in the request is invalid: ${action}`;
      // Clients talk to AWS over TLS; to servers on loopback they need not.
      const ask = { action, resource, context: { 'aws:SecureTransport': 'true', ...context } };
      for (const one of [ask, ...keyAsksOf(ask, resources)]) {
        const verdict = verdictOn(caller.policies, one);
        if (verdict !== 'allowed')
          return `User: ${caller.name} is not authorized to perform: ${one.action} on resource: ${one.resource} (${verdict})`;
      }
      for (const one of [ask, ...keyAsksOf(ask, resources)])
        for (const { policies, grant } of grants)
          if (policies === caller.policies && covers(grant, one)) used.add(grant);
      return null;
    },
    unused: () =>
      grants.filter(({ grant }) => !used.has(grant)).map(({ name, grant }) => `${name}: ${patternOf(grant)}`),
  };
}
