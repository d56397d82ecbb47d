import { describe, expect, it } from 'vitest';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import { rulesIn, rulesOf, type Statement } from './policies.ts';
import { account, region, synthesized } from './synthesized.ts';

const secret = `arn:aws:secretsmanager:${region}:${account}:secret:hook-AbCdEf`;
const stack = synthesized({
  configuration: {
    connections: {
      ci: { transport: 'http', url: 'https://ci.example.com', auth: { type: 'bearer', token: 'ssm:/ci/token' } },
    },
    announce: { webhooks: [{ name: 'ops', url: 'https://hooks.example.com', secret: `secretsmanager:${secret}#key` }] },
  },
});
const { untilDone, idOf } = stack;

const table = `{${idOf(untilDone.jobs.table)}}`;
const ticks = `{${idOf(untilDone.ticks.queue)}}`;
const topic = `{${idOf(untilDone.announcements.outcomes)}}`;
const deliveries = `{${idOf(untilDone.announcements.deliveryQueue)}}`;
const deadDeliveries = `{${idOf(untilDone.announcements.deadLetters)}}`;
const role = `{${idOf(untilDone.schedules.role)}}`;
const schedules = `arn:{AWS::Partition}:scheduler:${region}:${account}:schedule/${untilDone.schedules.group.scheduleGroupName}/*`;

const readWrite = ['dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'].map(
  (action) => `${action} on ${table}`,
);
const createSchedule = [
  `scheduler:CreateSchedule on ${schedules}`,
  `iam:PassRole on ${role} if {"StringEquals":{"iam:PassedToService":"scheduler.amazonaws.com"}}`,
];
const deleteSchedule = [`scheduler:DeleteSchedule on ${schedules}`];
const announce = [`sns:Publish on ${topic}`, `sqs:SendMessage on ${deliveries}`];
const sendTicks = [`sqs:SendMessage on ${ticks}`];
const fedFrom = (queue: string): string[] =>
  ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'].map((action) => `${action} on ${queue}`);
const readConnections = [`ssm:GetParameter on arn:{AWS::Partition}:ssm:${region}:${account}:parameter/ci/token`];

const always = ['JOB_TABLE_NAME', 'POWERTOOLS_SERVICE_NAME'];
const countActive = `dynamodb:Query on ${table}/index/active-jobs`;
const listOwned = [countActive, `dynamodb:Query on ${table}/index/jobs-of-owner`];
const scheduling = ['SCHEDULE_DEAD_LETTER_ARN', 'SCHEDULE_ROLE_ARN', 'SCHEDULE_TARGET_ARN', 'WATCHDOG_MINUTES'];
const announcing = ['DELIVERY_QUEUE_URL', 'OUTCOMES_TOPIC_ARN', 'PUBLIC_BASE_URL'];

/** All that each function may do, and all that it is told. */
const expected: Record<FunctionName, { rules: string[]; variables: string[] }> = {
  start: {
    rules: [
      ...readWrite,
      countActive,
      ...createSchedule,
      ...deleteSchedule,
      ...sendTicks,
      ...announce,
      ...readConnections,
    ],
    variables: [...always, ...scheduling, ...announcing, 'API_AUTH', 'SCHEDULE_GROUP_NAME', 'TICK_QUEUE_URL'],
  },
  status: {
    rules: [`dynamodb:Query on ${table}`, ...listOwned],
    variables: [...always, 'API_AUTH', 'LONG_POLL_SECONDS', 'PUBLIC_BASE_URL'],
  },
  cancel: {
    rules: [...readWrite, ...deleteSchedule, ...sendTicks, ...announce],
    variables: [...always, ...announcing, 'API_AUTH', 'SCHEDULE_GROUP_NAME', 'TICK_QUEUE_URL'],
  },
  mcp: {
    rules: [
      ...readWrite,
      ...listOwned,
      ...createSchedule,
      ...deleteSchedule,
      ...sendTicks,
      ...announce,
      ...readConnections,
    ],
    variables: [
      ...always,
      ...scheduling,
      ...announcing,
      'API_AUTH',
      'LONG_POLL_SECONDS',
      'SCHEDULE_GROUP_NAME',
      'TICK_QUEUE_URL',
    ],
  },
  poll: {
    rules: [...fedFrom(ticks), ...readWrite, ...deleteSchedule, ...sendTicks, ...announce, ...readConnections],
    variables: [...always, ...announcing, 'SCHEDULE_GROUP_NAME', 'TICK_QUEUE_URL'],
  },
  deliver: {
    rules: [
      ...fedFrom(deliveries),
      `dynamodb:UpdateItem on ${table}`,
      `sqs:SendMessage on ${deliveries}`,
      `sqs:SendMessage on ${deadDeliveries}`,
      `secretsmanager:GetSecretValue on ${secret}`,
    ],
    variables: [...always, 'DELIVERY_DEAD_LETTER_URL', 'DELIVERY_QUEUE_URL'],
  },
  sweep: {
    rules: [`dynamodb:Query on ${table}`, countActive, ...createSchedule, ...sendTicks],
    variables: [...always, ...scheduling, 'SCHEDULE_GROUP_NAME', 'TICK_QUEUE_URL'],
  },
};

describe('what each function may do', () => {
  for (const [name, { rules, variables }] of Object.entries(expected) as [FunctionName, (typeof expected)['start']][]) {
    it(`${name}: exactly its actions, each on its own resource`, () => {
      const { logGroup, role: own } = untilDone.functions[name];
      const log = `{${idOf(logGroup)}}`;
      const logging = ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => `${action} on ${log}`);
      expect(rulesOf(stack, idOf(own))).toEqual([...rules, ...logging].sort());
    });
    it(`${name}: exactly the variables that go with them`, () => {
      expect(stack.variablesOf(name)).toEqual([...variables].sort());
    });
  }
  it('schedules: sending to the tick queue and to their dead letters', () => {
    expect(rulesOf(stack, idOf(untilDone.schedules.role))).toEqual(
      [ticks, `{${idOf(untilDone.schedules.deadLetters)}}`].map((queue) => `sqs:SendMessage on ${queue}`).sort(),
    );
  });
  it('no role has a managed policy', () => {
    for (const role of stack.all('AWS::IAM::Role')) expect(role['ManagedPolicyArns']).toBeUndefined();
  });
});

describe('what connections under OAuth 2 add', () => {
  const [client, grant] = ['client-AbCdEf', 'octo-AbCdEf'].map(
    (name) => `arn:aws:secretsmanager:${region}:${account}:secret:${name}`,
  );
  const oauth = synthesized({
    configuration: {
      connections: {
        ci: {
          transport: 'http',
          url: 'https://ci.example.com',
          auth: { type: 'oauth2-client-credentials', client_id: 'ci', client_secret: `secretsmanager:${client}` },
        },
        octo: {
          transport: 'mcp',
          url: 'https://octo.example.com/mcp',
          auth: { type: 'oauth2-refresh-token', refresh_token: `secretsmanager:${grant}#token` },
        },
      },
    },
  });
  const key = Object.entries(oauth.resources).find(([, { Type }]) => Type === 'AWS::SecretsManager::Secret')?.[0];
  const plain = synthesized();
  const added = (name: FunctionName): string[] => {
    const before = rulesOf(plain, plain.idOf(plain.untilDone.functions[name].role));
    return rulesOf(oauth, oauth.idOf(oauth.untilDone.functions[name].role)).filter((rule) => !before.includes(rule));
  };
  it.each(['start', 'mcp', 'poll'] as const)('%s: reading the secrets and the key, writing the grant alone', (name) => {
    expect(added(name)).toEqual(
      [
        `secretsmanager:GetSecretValue on ${client}`,
        `secretsmanager:GetSecretValue on ${grant}`,
        `secretsmanager:GetSecretValue on {${key}}`,
        `secretsmanager:PutSecretValue on ${grant}`,
      ].sort(),
    );
    expect(oauth.variableOf(name, 'TOKEN_KEY_ARN')).toEqual({ Ref: key });
  });
  it.each(['status', 'cancel', 'deliver', 'sweep'] as const)('%s: nothing', (name) => {
    expect(added(name)).toEqual([]);
    expect(oauth.variablesOf(name)).not.toContain('TOKEN_KEY_ARN');
  });
  it('a key that outlives the stack with the table, and none where nobody needs it', () => {
    expect(oauth.resources[key ?? '']).toMatchObject({ DeletionPolicy: 'Retain' });
    expect(plain.all('AWS::SecretsManager::Secret')).toEqual([]);
  });
});

describe('who may take a role', () => {
  it('only the scheduler, for our group in our account, takes the role of the schedules', () => {
    const group = { 'Fn::GetAtt': [idOf(untilDone.schedules.group), 'Arn'] };
    expect(stack.propertiesOf(untilDone.schedules.role)['AssumeRolePolicyDocument']).toMatchObject({
      Statement: [
        {
          Action: 'sts:AssumeRole',
          Effect: 'Allow',
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': group } },
        },
      ],
    });
  });
});

/** Everywhere a policy has a star, and why it must. */
const reasoned: [RegExp, string][] = [
  [
    /^scheduler:(Create|Delete)Schedule on arn:.*:schedule\/Test-UntilDone-Schedules-Group-\w+\/\*$/,
    'schedules are made at run time, in a group that has nothing else',
  ],
  [/^Deny sqs:\* on \{\w+\} if .*"aws:SecureTransport":"false"/, 'denies everybody who comes without TLS'],
  [/^Deny \* on \*$/, 'the guardrail of the Slack channel: it may do nothing'],
];

describe('stars in policies', () => {
  const full = synthesized({ slackChannel: { workspaceId: 'T012ABCDEFG', channelId: 'C012ABCDEFG' } });
  const rules = Object.values(full.resources).flatMap(({ Properties }) => {
    // As CloudFormation spells a policy, of a role, a queue or a topic alike.
    const document = Properties?.['PolicyDocument'] as { Statement: Statement[] } | undefined;
    return rulesIn(document?.Statement ?? []);
  });
  it('each has its reason', () => {
    expect(rules.filter((rule) => rule.includes('*') && !reasoned.some(([known]) => known.test(rule)))).toEqual([]);
  });
  it('every reason is needed', () => {
    for (const [known, why] of reasoned)
      expect(
        rules.some((rule) => known.test(rule)),
        why,
      ).toBe(true);
  });
});
