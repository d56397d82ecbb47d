import type { Ask } from './evaluate.ts';
import { type Names, resolve, type Template } from './resolve.ts';
import { readStatements, type Statement } from './statements.ts';

/** What things of a template say themselves of who may use them, and which key they are encrypted with; by their ARNs. */
export type ResourcePolicies = {
  statements: ReadonlyMap<string, Statement[]>;
  keys: ReadonlyMap<string, string>;
};

/** Reads the policies of queues, topics and keys, and the keys of queues, topics and tables. */
export function resourcePoliciesOf(template: Template, names: Names): ResourcePolicies {
  const statements = new Map<string, Statement[]>();
  const keys = new Map<string, string>();
  const arnOf = (id: string): string => String(resolve({ 'Fn::GetAtt': [id, 'Arn'] }, names));
  const say = (arn: string, document: unknown): void => {
    statements.set(arn, [...(statements.get(arn) ?? []), ...readStatements(resolve(document, names))]);
  };
  for (const [id, { Type, Properties = {} }] of Object.entries(template.Resources)) {
    const { PolicyDocument, KeyPolicy, Queues, Topics, KmsMasterKeyId, Replicas } = Properties;
    if (Type === 'AWS::SQS::QueuePolicy' || Type === 'AWS::SNS::TopicPolicy')
      for (const one of [Queues ?? Topics].flat()) say(arnOf(String(Reflect.get(Object(one), 'Ref'))), PolicyDocument);
    if (Type === 'AWS::KMS::Key') say(arnOf(id), KeyPolicy);
    const [replica] = Array.isArray(Replicas) ? Replicas : [];
    const key = KmsMasterKeyId ?? Object(Object(replica).SSESpecification).KMSMasterKeyId;
    if (key !== undefined) keys.set(arnOf(id), String(resolve(key, names)));
  }
  return { statements, keys };
}

/** What a service asks of a key in the caller's name, before it does what it was asked for. */
const keyUses: [RegExp, string[]][] = [
  [/^(sqs:SendMessage|sns:Publish)$/, ['kms:Decrypt', 'kms:GenerateDataKey']],
  [/^sqs:ReceiveMessage$/, ['kms:Decrypt']],
  [/^dynamodb:/, ['kms:Decrypt']],
];

/** The requests to a key that come with this one; none where no key of a customer is used. */
export function keyAsksOf({ action, resource }: Ask, { keys }: ResourcePolicies): Ask[] {
  const key = keys.get(resource.replace(/\/index\/.*$/, ''));
  if (key === undefined) return [];
  const used = keyUses.find(([of]) => of.test(action))?.[1] ?? [];
  return used.map((use) => ({ action: use, resource: key, context: {} }));
}
