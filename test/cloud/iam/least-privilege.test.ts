import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { audit, expectedOf, pairsIn, patternOf, reasonedStars } from './audit.ts';
import { deployed, idsIn, place } from './deployment.ts';
import { evaluate } from './evaluate.ts';
import { callsOf, foreignAsks } from './needs.ts';
import { asksOf } from './requests.ts';
import type { Template } from './resolve.ts';

const { template, names } = deployed();
const ids = idsIn(template);
const roles = expectedOf(template, names);
const foreign = foreignAsks(template, names);

describe('the roles of a deployment', () => {
  for (const { name, policies, needs } of roles) {
    it(`${name}: is allowed all that it does`, () => {
      expect(needs.filter((ask) => evaluate(policies.statements, ask) !== 'allowed')).toEqual([]);
    });
    it(`${name}: is refused what is not ours, and what nobody does`, () => {
      expect(foreign.filter((ask) => evaluate(policies.statements, ask) === 'allowed')).toEqual([]);
    });
  }
  it('are allowed exactly what they do, and taken only by whom they are for', () => {
    expect(audit(template, names)).toEqual([]);
  });
  it('need every star that has a reason', () => {
    const patterns = roles.flatMap(({ policies }) => pairsIn(policies.statements).map(patternOf));
    for (const [known, why] of reasonedStars)
      expect(
        patterns.some((pattern) => known.test(pattern)),
        why,
      ).toBe(true);
  });
});

describe('the calls of the adapters', () => {
  const sources = globSync('lib/aws/*.ts').map((path) => readFileSync(path, 'utf8'));
  const commands = new Set(
    sources.flatMap((text) => [...text.matchAll(/new (\w+)Command\(/g)].map(([, name = '']) => name)),
  );
  const called = new Set(
    Object.values(callsOf(template, names)).flatMap((calls) => calls.map((call) => call.operation)),
  );
  /** The document client calls items by shorter names. */
  const documents: Record<string, string> = {
    Put: 'PutItem',
    Update: 'UpdateItem',
    Get: 'GetItem',
    Delete: 'DeleteItem',
  };
  const operations = [...commands].map((command) => documents[command] ?? command);
  /** Called in a function's name by the Lambda service. */
  const byLambda = ['CreateLogStream', 'PutLogEvents', 'ReceiveMessage', 'DeleteMessageBatch', 'GetQueueAttributes'];

  it('are all expected of some function', () => {
    expect(operations.filter((operation) => !called.has(operation))).toEqual([]);
  });
  it('are all that is expected, apart from what Lambda calls itself', () => {
    const unmade = [...called].filter((operation) => !operations.includes(operation) && !byLambda.includes(operation));
    expect(unmade).toEqual([]);
  });
});

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

describe('requests in the words of IAM', () => {
  const ask = (service: string, operation: string, input: Record<string, unknown>) =>
    asksOf({ service, operation, input }, place).map(({ action, resource }) => `${action} on ${resource}`);
  const sqs = { QueueUrl: 'http://127.0.0.1:4100/999999999999/ticks' };
  it('name the table, or the index that is read', () => {
    expect(ask('dynamodb', 'GetItem', { TableName: 'jobs' })).toEqual([
      'dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:123456789012:table/jobs',
    ]);
    expect(ask('dynamodb', 'Query', { TableName: 'jobs', IndexName: 'active-jobs' })).toEqual([
      'dynamodb:Query on arn:aws:dynamodb:eu-west-1:123456789012:table/jobs/index/active-jobs',
    ]);
  });
  it('name every table of a batch', () => {
    expect(ask('dynamodb', 'BatchGetItem', { RequestItems: { a: {}, b: {} } })).toHaveLength(2);
  });
  it('name the queue by account and name, wherever it is served', () => {
    expect(ask('sqs', 'DeleteMessageBatch', sqs)).toEqual([
      'sqs:DeleteMessage on arn:aws:sqs:eu-west-1:999999999999:ticks',
    ]);
  });
  it('hand a role over with each schedule that is made, and with none that is deleted', () => {
    const RoleArn = 'arn:aws:iam::123456789012:role/schedules';
    const made = asksOf(
      { service: 'scheduler', operation: 'CreateSchedule', input: { Name: 'a', Target: { RoleArn } } },
      place,
    );
    expect(made).toEqual([
      {
        action: 'scheduler:CreateSchedule',
        resource: 'arn:aws:scheduler:eu-west-1:123456789012:schedule/default/a',
        context: {},
      },
      { action: 'iam:PassRole', resource: RoleArn, context: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    ]);
    expect(ask('scheduler', 'DeleteSchedule', { GroupName: 'ours', Name: 'a' })).toHaveLength(1);
  });
  it('reject calls that nobody of ours makes, and secrets by a bare name', () => {
    expect(() => ask('dynamodb', 'Scan', { TableName: 'jobs' })).toThrow('nobody of ours calls dynamodb Scan');
    expect(() => ask('secretsmanager', 'GetSecretValue', { SecretId: 'hook' })).toThrow('by its ARN');
    expect(() => ask('sns', 'Publish', {})).toThrow('no TopicArn');
  });
});
