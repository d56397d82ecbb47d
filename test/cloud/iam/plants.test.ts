import { describe, expect, it } from 'vitest';
import { audit, expectedOf } from './audit.ts';
import { deployed, idsIn, place } from './deployment.ts';
import type { Template } from './resolve.ts';

const { template, names } = deployed();
const ids = idsIn(template);
const roles = expectedOf(template, names);

type Planted = { Effect: string; Action: unknown; Resource: unknown; Condition?: unknown; Principal?: unknown };
/** A policy as the template has it, to be changed in place. */
type Document = { Statement: Planted[] };

/** The template with something planted in it. */
function planted(plant: (copy: Template) => void): string[] {
  const copy = structuredClone(template);
  plant(copy);
  return audit(copy, names);
}
const documentOf = (copy: Template, role: string): Document => {
  const policy = Object.values(copy.Resources).find(
    ({ Type, Properties }) =>
      Type === 'AWS::IAM::Policy' && JSON.stringify(Properties?.['Roles']).includes(`"${role}"`),
  );
  return policy?.Properties?.['PolicyDocument'] as Document; // as CDK writes it
};
const roleOf = (name: string): string => roles.find((role) => role.name === name)?.policies.role_id ?? name;
const statementOf = (copy: Template, name: string, action: string): Planted => {
  const found = documentOf(copy, roleOf(name)).Statement.find(({ Action }) => [Action].flat().includes(action));
  if (found === undefined) throw new Error(`${name} has nothing about ${action}`);
  return found;
};
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const trustOf = (copy: Template, name: string): Document =>
  copy.Resources[roleOf(name)]?.Properties?.['AssumeRolePolicyDocument'] as Document; // as CDK writes it

/** What is planted, and the complaint it has to cause. */
const plants: [string, (copy: Template) => void, RegExp][] = [
  [
    'every action on the table',
    (copy) => {
      statementOf(copy, 'status', 'dynamodb:Query').Action = 'dynamodb:*';
    },
    /^status may dynamodb:Scan/,
  ],
  [
    'the actions on every table',
    (copy) => {
      statementOf(copy, 'cancel', 'dynamodb:PutItem').Resource = {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Fn::Sub spells references so
        'Fn::Sub': 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*',
      };
    },
    /^cancel may dynamodb:PutItem on .*table\/Other/,
  ],
  [
    'the schedules of every group',
    (copy) => {
      statementOf(copy, 'poll', 'scheduler:DeleteSchedule').Resource =
        'arn:aws:scheduler:eu-west-1:123456789012:schedule/*';
    },
    /^poll may scheduler:DeleteSchedule on .*schedule\/default\/job-1/,
  ],
  [
    'a group by how its name begins',
    (copy) => {
      statementOf(copy, 'poll', 'scheduler:DeleteSchedule').Resource =
        `arn:aws:scheduler:eu-west-1:123456789012:schedule/${names.get(ids.group)}*`;
    },
    /^poll may scheduler:DeleteSchedule on .*-2\/job-1/,
  ],
  [
    'PassRole to any service',
    (copy) => {
      delete statementOf(copy, 'start', 'iam:PassRole').Condition;
    },
    /^start may iam:PassRole on .* with iam:PassedToService lambda/,
  ],
  [
    'PassRole of any role',
    (copy) => {
      statementOf(copy, 'sweep', 'iam:PassRole').Resource = '*';
    },
    /^sweep may iam:PassRole on .*role\/Administrator/,
  ],
  [
    'a star for a resource',
    (copy) => {
      statementOf(copy, 'start', 'sns:Publish').Resource = '*';
    },
    /^start has a star without a reason: sns:Publish on \*$/,
  ],
  [
    'a secret by how its name begins',
    (copy) => {
      statementOf(copy, 'deliver', 'secretsmanager:GetSecretValue').Resource =
        'arn:aws:secretsmanager:eu-west-1:123456789012:secret:hook-??????';
    },
    /^deliver may secretsmanager:GetSecretValue on .*hook-GhIjKl/,
  ],
  [
    'an action that nobody calls',
    (copy) => {
      documentOf(copy, roleOf('sweep')).Statement.push({
        Effect: 'Allow',
        Action: 'dynamodb:DescribeTable',
        Resource: arn(ids.table),
      });
    },
    /^sweep never uses dynamodb:DescribeTable/,
  ],
  [
    'what another function may',
    (copy) => {
      documentOf(copy, roleOf('status')).Statement.push({
        Effect: 'Allow',
        Action: 'dynamodb:UpdateItem',
        Resource: arn(ids.table),
      });
    },
    /^status may dynamodb:UpdateItem/,
  ],
  [
    'an inline policy',
    (copy) => {
      const PolicyDocument = { Statement: [{ Effect: 'Allow', Action: 'sqs:PurgeQueue', Resource: arn(ids.ticks) }] };
      Object.assign(copy.Resources[roleOf('poll')]?.Properties ?? {}, {
        Policies: [{ PolicyName: 'more', PolicyDocument }],
      });
    },
    /^poll may sqs:PurgeQueue/,
  ],
  [
    'a managed policy',
    (copy) => {
      const ManagedPolicyArns = ['arn:aws:iam::aws:policy/AdministratorAccess'];
      Object.assign(copy.Resources[roleOf('deliver')]?.Properties ?? {}, { ManagedPolicyArns });
    },
    /^deliver has the managed policy .*AdministratorAccess/,
  ],
  [
    'a grant that is gone',
    (copy) => {
      statementOf(copy, 'start', 'scheduler:CreateSchedule').Action = 'scheduler:GetSchedule';
    },
    /^start may not scheduler:CreateSchedule/,
  ],
  [
    'a Deny over a grant',
    (copy) => {
      documentOf(copy, roleOf('poll')).Statement.push({ Effect: 'Deny', Action: 'sqs:*', Resource: arn(ids.ticks) });
    },
    /^poll may not sqs:SendMessage/,
  ],
  [
    'schedules that send elsewhere',
    (copy) => {
      documentOf(copy, roleOf('schedules')).Statement.push({
        Effect: 'Allow',
        Action: 'sqs:SendMessage',
        Resource: arn(ids.deliveries),
      });
    },
    /^schedules may sqs:SendMessage on .*Deliveries/,
  ],
  [
    'schedules that read the queue',
    (copy) => {
      statementOf(copy, 'schedules', 'sqs:SendMessage').Action = 'sqs:*';
    },
    /^schedules may sqs:ReceiveMessage/,
  ],
  [
    'a role that every group may take',
    (copy) => {
      for (const statement of trustOf(copy, 'schedules').Statement)
        statement.Condition = { StringEquals: { 'aws:SourceAccount': place.account } };
    },
    /^schedules can be taken by scheduler\.amazonaws\.com/,
  ],
  [
    'a role that another service may take',
    (copy) => {
      for (const statement of trustOf(copy, 'start').Statement)
        statement.Principal = { Service: ['lambda.amazonaws.com', 'ec2.amazonaws.com'] };
    },
    /^start can be taken by ec2/,
  ],
  [
    'a right for a role that does nothing',
    (copy) => {
      const role = Object.keys(copy.Resources).find((id) => id.includes('SlackChannelConfigurationRole')) ?? '';
      const PolicyDocument = { Statement: [{ Effect: 'Allow', Action: 'sns:Publish', Resource: '*' }] };
      Object.assign(copy.Resources, {
        Planted: { Type: 'AWS::IAM::Policy', Properties: { Roles: [{ Ref: role }], PolicyDocument } },
      });
    },
    /SlackChannelConfigurationRole\w+ may do something/,
  ],
];

describe('what is planted in a template is found', () => {
  it.each(plants)('%s', (_, plant, complaint) => {
    expect(planted(plant)).toContainEqual(expect.stringMatching(complaint));
  });
});
