import { type Names, type Resource, resolve, type Template } from './resolve.ts';
import { readStatements, type Statement } from './statements.ts';

/** All that a role may do, and who may take it. */
export type RolePolicies = {
  role_id: string;
  role_arn: string;
  statements: Statement[];
  /** The most that it may do; null without a permissions boundary. */
  boundary: Statement[] | null;
  trust: Statement[];
  /** Attached policies by their ARNs, which `statements` knows nothing of. */
  managed: string[];
};

/** The policies of every function's role, by the function's logical id. */
export function policiesOf(template: Template, names: Names): Record<string, RolePolicies> {
  const functions = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::Lambda::Function');
  return Object.fromEntries(
    functions.map(([id, { Properties }]) => [id, policiesOfRole(template, names, roleIdIn(id, Properties?.['Role']))]),
  );
}

/** The policies of one role by its logical id: inline, and attached by a policy of the template. */
export function policiesOfRole(template: Template, names: Names, role_id: string): RolePolicies {
  const role = template.Resources[role_id];
  if (role?.Type !== 'AWS::IAM::Role') throw new Error(`${role_id} is no role`);
  const { Policies, ManagedPolicyArns, AssumeRolePolicyDocument, PermissionsBoundary } = role.Properties ?? {};
  const attached = (type: string): [string, Resource][] =>
    Object.entries(template.Resources).filter(
      ([, { Type, Properties }]) => Type === type && refsIn(Properties?.['Roles']).includes(role_id),
    );
  const documents = [
    ...listOf(Policies).map((policy) => Reflect.get(Object(policy), 'PolicyDocument')),
    ...attached('AWS::IAM::Policy').map(([, { Properties }]) => Properties?.['PolicyDocument']),
  ];
  return {
    role_id,
    role_arn: String(resolve({ 'Fn::GetAtt': [role_id, 'Arn'] }, names)),
    statements: documents.flatMap((document) => readStatements(resolve(document, names))),
    boundary: PermissionsBoundary === undefined ? null : boundaryIn(template, names, PermissionsBoundary),
    trust: readStatements(resolve(AssumeRolePolicyDocument, names)),
    managed: [
      ...listOf(ManagedPolicyArns).map((arn) => String(resolve(arn, names))),
      ...attached('AWS::IAM::ManagedPolicy').map(([id]) => String(resolve({ Ref: id }, names))),
    ],
  };
}

function boundaryIn({ Resources }: Template, names: Names, boundary: unknown): Statement[] {
  const id = String(Reflect.get(Object(boundary), 'Ref'));
  const policy = Resources[id];
  if (policy?.Type !== 'AWS::IAM::ManagedPolicy')
    throw new Error('a permissions boundary from elsewhere cannot be read');
  return readStatements(resolve(policy.Properties?.['PolicyDocument'], names));
}

/** Every role of a template by its logical id. */
export const rolesIn = ({ Resources }: Template): string[] =>
  Object.keys(Resources).filter((id) => Resources[id]?.Type === 'AWS::IAM::Role');

function roleIdIn(function_id: string, role: unknown): string {
  const [id, attribute] = listOf(Reflect.get(Object(role), 'Fn::GetAtt'));
  if (typeof id !== 'string' || attribute !== 'Arn') throw new Error(`${function_id} has a role from elsewhere`);
  return id;
}

const refsIn = (roles: unknown): unknown[] => listOf(roles).map((role) => Reflect.get(Object(role), 'Ref'));

const listOf = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
