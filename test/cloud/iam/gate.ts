import type { Authorize } from '../queues/api-call.ts';
import { covers, evaluate, evaluateTrust } from './evaluate.ts';
import type { RolePolicies } from './policies-of.ts';
import { pairsIn, patternOf, type Statement } from './statements.ts';

/** One who calls, by session token: a function, or a service in a role it took. */
export type Principal = { name: string; policies: RolePolicies };

export type Gate = {
  /** For the loopback servers. Says who may not do what, as AWS words it. */
  authorize: Authorize;
  /** What is allowed and was never asked for, `name: action on resource`. */
  unused(): string[];
};

/** Weighs every call by the policies of who makes it. Calls without a token of ours are refused, and remembered by nobody. */
export function createGate(principals: ReadonlyMap<string, Principal>): Gate {
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
  return {
    authorize: ({ session_token, action, resource, context }) => {
      if (action === 'sts:AssumeRole' && session_token === null)
        return mayTake(resource, context) ? null : `${context['aws:PrincipalServiceName']} may not take ${resource}`;
      const caller = principals.get(session_token ?? '');
      if (caller === undefined) return `The security token included in the request is invalid: ${action}`;
      const ask = { action, resource, context };
      const verdict = evaluate(caller.policies.statements, ask);
      if (verdict !== 'allowed')
        return `User: ${caller.name} is not authorized to perform: ${action} on resource: ${resource} (${verdict})`;
      for (const { policies, grant } of grants) if (policies === caller.policies && covers(grant, ask)) used.add(grant);
      return null;
    },
    unused: () =>
      grants.filter(({ grant }) => !used.has(grant)).map(({ name, grant }) => `${name}: ${patternOf(grant)}`),
  };
}
