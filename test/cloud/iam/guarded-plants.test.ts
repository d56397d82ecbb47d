import { describe, expect, it } from 'vitest';
import { audit, expectedOf } from './audit.ts';
import { guarded, idsIn } from './deployment.ts';
import type { Template } from './resolve.ts';

type Planted = { Effect: string; Action: unknown; Resource: unknown; Principal?: unknown };
/** A policy as the template has it, to be changed in place. */
type Document = { Statement: Planted[] };

const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const documentOf = (copy: Template, role: string): Document => {
  const policy = Object.values(copy.Resources).find(
    ({ Type, Properties }) =>
      Type === 'AWS::IAM::Policy' && JSON.stringify(Properties?.['Roles']).includes(`"${role}"`),
  );
  return policy?.Properties?.['PolicyDocument'] as Document; // as CDK writes it
};

describe('a deployment with a key and a boundary of its own', () => {
  const { template: whole, names: known } = guarded();
  const own = idsIn(whole);
  const all = expectedOf(whole, known);
  const plantedIn = (plant: (copy: Template) => void): string[] => {
    const copy = structuredClone(whole);
    plant(copy);
    return audit(copy, known);
  };
  const idOf = (copy: Template, type: string): string =>
    Object.keys(copy.Resources).find((id) => copy.Resources[id]?.Type === type) ?? type;
  const propertiesOf = (copy: Template, type: string): Record<string, unknown> =>
    copy.Resources[idOf(copy, type)]?.Properties ?? {};
  const documentIn = (copy: Template, id: string): Document =>
    copy.Resources[id]?.Properties?.['PolicyDocument'] as Document; // as CDK writes it
  const policyOfQueue = (copy: Template, queue: string): string =>
    Object.keys(copy.Resources).find((id) =>
      JSON.stringify(copy.Resources[id]?.Properties?.['Queues'] ?? '').includes(`"${queue}"`),
    ) ?? '';
  const keyStatements = (copy: Template, name: string): Planted[] => {
    const role_id = all.find((one) => one.name === name)?.policies.role_id ?? name;
    return documentOf(copy, role_id).Statement.filter(({ Action }) => JSON.stringify(Action).includes('kms:'));
  };

  it('is allowed exactly what it does, the key included', () => {
    expect(plantedIn(() => undefined)).toEqual([]);
    expect(all.flatMap(({ needs }) => needs).filter(({ action }) => action.startsWith('kms:')).length).toBeGreaterThan(
      10,
    );
  });
  const kept: [string, (copy: Template) => void, RegExp][] = [
    [
      'a key that leaves nothing to the account',
      (copy) => {
        Object.assign(propertiesOf(copy, 'AWS::KMS::Key'), {
          KeyPolicy: {
            Statement: [
              { Effect: 'Allow', Action: 'kms:*', Resource: '*', Principal: { AWS: 'arn:aws:iam::999:root' } },
            ],
          },
        });
      },
      /^poll may not kms:Decrypt/,
    ],
    [
      'a sender who may not use the key',
      (copy) => {
        for (const statement of keyStatements(copy, 'schedules')) statement.Action = 'kms:Decrypt';
      },
      /^schedules may not kms:GenerateDataKey/,
    ],
    [
      'a reader who may write with the key',
      (copy) => {
        for (const statement of keyStatements(copy, 'status'))
          statement.Action = ['kms:Decrypt', 'kms:GenerateDataKey'];
      },
      /^status may kms:GenerateDataKey/,
    ],
    [
      'every key',
      (copy) => {
        for (const statement of keyStatements(copy, 'deliver')) statement.Resource = '*';
      },
      /^deliver may kms:Decrypt on .*key\/Other/,
    ],
    [
      'a boundary without queues',
      (copy) => {
        const document = documentIn(copy, boundaryId(copy));
        for (const statement of document.Statement)
          statement.Action = [statement.Action].flat().filter((action) => action !== 'sqs:*');
      },
      /^start may not sqs:SendMessage/,
    ],
    [
      'a boundary that denies the key',
      (copy) => {
        documentIn(copy, boundaryId(copy)).Statement.push({ Effect: 'Deny', Action: 'kms:*', Resource: '*' });
      },
      /^cancel may not kms:Decrypt/,
    ],
    [
      'a queue that denies everybody',
      (copy) => {
        documentIn(copy, policyOfQueue(copy, own.ticks)).Statement.push({
          Effect: 'Deny',
          Action: 'sqs:SendMessage',
          Resource: arn(own.ticks),
          Principal: '*',
        });
      },
      /^schedules may not sqs:SendMessage/,
    ],
    [
      'a queue that answers without TLS',
      (copy) => {
        documentIn(copy, policyOfQueue(copy, own.deliveries)).Statement = [];
      },
      /Deliveries\w+ can be used without TLS/,
    ],
    [
      'a queue that lets topics in',
      (copy) => {
        documentIn(copy, policyOfQueue(copy, own.ticks)).Statement.push({
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Resource: arn(own.ticks),
          Principal: { Service: 'sns.amazonaws.com' },
        });
      },
      /lets sns\.amazonaws\.com in$/,
    ],
  ];
  const boundaryId = (copy: Template): string =>
    Object.keys(copy.Resources).find((id) => /^Boundary[0-9A-F]{8}$/.test(id)) ?? '';
  it.each(kept)('finds what is planted: %s', (_, plant, complaint) => {
    expect(plantedIn(plant)).toContainEqual(expect.stringMatching(complaint));
  });
});
