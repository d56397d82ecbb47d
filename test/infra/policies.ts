import type { Synthesized } from './synthesized.ts';

/** A statement as it is compared: `Effect Action… on resource, if condition`. */
export type Rule = string;

export type Statement = { Effect: string; Action: string | string[]; Resource: unknown; Condition?: unknown };
type Policy = { PolicyName?: string; Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } };

const many = <Value>(value: Value | Value[]): Value[] => (Array.isArray(value) ? value : [value]);

/** Everything a role may do: one rule an action and resource, resources spelled by logical id. */
export function rulesOf({ all }: Synthesized, roleId: string): Rule[] {
  const statements = all('AWS::IAM::Policy')
    .map((properties) => properties as unknown as Policy) // as CloudFormation spells a policy
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === roleId))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  return rulesIn(statements);
}

/** One rule an action and resource. */
export function rulesIn(statements: readonly Statement[]): Rule[] {
  return statements
    .flatMap(({ Effect, Action, Resource, Condition }) =>
      many(Action).flatMap((action) =>
        many(Resource).map((resource) =>
          [
            ...(Effect === 'Allow' ? [] : [Effect]),
            `${action} on ${spelled(resource)}`,
            ...(Condition === undefined ? [] : [`if ${JSON.stringify(Condition)}`]),
          ].join(' '),
        ),
      ),
    )
    .sort();
}

/** `{"Fn::GetAtt": ["X", "Arn"]}` → `X`; other intrinsics as they read. */
export function spelled(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(spelled).join('');
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Ref' in value) return `{${String(value.Ref)}}`;
  if ('Fn::GetAtt' in value) return `{${many(value['Fn::GetAtt'])[0]}}`;
  if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) return spelled(value['Fn::Join'][1]);
  return JSON.stringify(value);
}
