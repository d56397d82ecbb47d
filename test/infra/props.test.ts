import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, it } from 'vitest';
import { UntilDone, type UntilDoneProps } from '../../lib/infra/until-done.ts';
import { rulesOf } from './policies.ts';
import { account, region, synthesized, unbundled } from './synthesized.ts';

const topicArn = `arn:aws:sns:${region}:${account}:own`;

describe('what a destroyed stack leaves', () => {
  const kept = (props: UntilDoneProps): string[] =>
    Object.values(synthesized(props).resources)
      .filter(({ DeletionPolicy }) => DeletionPolicy !== undefined && DeletionPolicy !== 'Delete')
      .map(({ Type }) => Type);
  const isProtected = (props: UntilDoneProps): unknown => {
    const { untilDone, propertiesOf } = synthesized(props);
    const [replica] = propertiesOf(untilDone.jobs.table)['Replicas'] as { DeletionProtectionEnabled: boolean }[];
    return replica?.DeletionProtectionEnabled;
  };
  it('is the table, which is protected too', () => {
    expect(kept({})).toEqual(['AWS::DynamoDB::GlobalTable']);
    expect(isProtected({})).toBe(true);
  });
  it('is nothing, when asked for', () => {
    expect(kept({ removalPolicy: RemovalPolicy.DESTROY })).toEqual([]);
    expect(isProtected({ removalPolicy: RemovalPolicy.DESTROY })).toBe(false);
  });
});

describe('who may call', () => {
  it('jwt: tokens of one issuer, for us', () => {
    const { template, variableOf } = synthesized({
      auth: { type: 'jwt', issuer: 'https://login.example.com', audience: ['untildone'], ownerClaim: 'email' },
    });
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      JwtConfiguration: { Issuer: 'https://login.example.com', Audience: ['untildone'] },
    });
    template.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'JWT' });
    expect(variableOf('start', 'API_AUTH')).toBe('jwt');
    expect(variableOf('status', 'OWNER_CLAIM')).toBe('email');
  });
  it('tokenAuthorizer: a function of the operator, with simple answers', () => {
    const { template, variableOf } = synthesized((stack) => ({
      auth: {
        type: 'tokenAuthorizer',
        authorizer: LambdaFunction.fromFunctionArn(stack, 'Own', `arn:aws:lambda:${region}:${account}:function:own`),
        cacheSeconds: 60,
      },
    }));
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'REQUEST',
      EnableSimpleResponses: true,
      AuthorizerResultTtlInSeconds: 60,
    });
    template.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'CUSTOM' });
    expect(variableOf('cancel', 'API_AUTH')).toBe('tokenAuthorizer');
  });
});

describe('who is told', () => {
  it('every address gets a subscription to what is settled', () => {
    const { template } = synthesized({ emails: ['a@example.com', 'b@example.com'] });
    for (const Endpoint of ['a@example.com', 'b@example.com'])
      template.hasResourceProperties('AWS::SNS::Subscription', {
        Protocol: 'email',
        Endpoint,
        FilterPolicy: { event_type: ['job.settled'], people: [{ exists: false }] },
      });
  });
  it('mails hear of the events they were asked for', () => {
    const { template } = synthesized({ emails: ['a@example.com'], emailsOn: ['settled', 'blocked'] });
    template.hasResourceProperties('AWS::SNS::Subscription', {
      FilterPolicy: { event_type: ['job.settled', 'job.blocked'] },
    });
  });
  it('a Slack channel has a topic of its own, and may do nothing in the account', () => {
    const { template, variableOf } = synthesized({ slackChannel: { workspaceId: 'T012', channelId: 'C012' } });
    template.hasResourceProperties('AWS::Chatbot::SlackChannelConfiguration', {
      SlackWorkspaceId: 'T012',
      SlackChannelId: 'C012',
      GuardrailPolicies: [{ Ref: Match.stringLikeRegexp('ChatGuardrail') }],
      SnsTopicArns: [{ Ref: Match.stringLikeRegexp('Chat') }],
    });
    template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
      PolicyDocument: { Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] },
    });
    for (const name of ['start', 'cancel', 'poll'] as const)
      expect(variableOf(name, 'CHAT_TOPIC_ARN')).not.toEqual(variableOf(name, 'OUTCOMES_TOPIC_ARN'));
  });
  it('a Slack webhook is one more target, whose secret the deliver function reads', () => {
    const secret = `arn:aws:secretsmanager:${region}:${account}:secret:slack-AbCdEf`;
    const stack = synthesized({ slackWebhookSecret: `secretsmanager:${secret}` });
    const may = (name: 'deliver' | 'poll'): string[] =>
      rulesOf(stack, stack.idOf(stack.untilDone.functions[name].role)).filter((rule) =>
        rule.includes('GetSecretValue'),
      );
    expect(may('deliver')).toEqual([`secretsmanager:GetSecretValue on ${secret}`]);
    expect(may('poll')).toEqual([]);
  });
  it('an existing topic takes the outcomes', () => {
    const { template, variableOf } = synthesized((stack) => ({
      existingTopic: Topic.fromTopicArn(stack, 'Own', topicArn),
    }));
    template.resourceCountIs('AWS::SNS::Topic', 0);
    expect(variableOf('poll', 'OUTCOMES_TOPIC_ARN')).toBe(topicArn);
  });
  it('alarms go to a topic', () => {
    const { template } = synthesized((stack) => ({ alarmTopic: Topic.fromTopicArn(stack, 'Own', topicArn) }));
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [topicArn] });
  });
});

describe('how it is bounded', () => {
  it('a key encrypts table, queues and topics, and whoever uses them may use it', () => {
    const arn = `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
    const stack = synthesized((scope) => ({ encryptionKey: Key.fromKeyArn(scope, 'Own', arn) }));
    stack.template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: arn });
    stack.template.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: arn });
    stack.template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    });
    const may = (role: Parameters<typeof stack.idOf>[0]): string[] =>
      rulesOf(stack, stack.idOf(role)).filter((rule) => rule.startsWith('kms:'));
    const { functions, schedules } = stack.untilDone;
    expect([...new Set(may(functions.status.role))]).toEqual([`kms:Decrypt on ${arn}`]);
    for (const role of [functions.start.role, functions.poll.role, functions.deliver.role, schedules.role])
      expect([...new Set(may(role))]).toEqual([`kms:Decrypt on ${arn}`, `kms:GenerateDataKey on ${arn}`]);
  });
  it('the keys of secrets may decrypt, for who reads secrets', () => {
    const arn = `arn:aws:kms:${region}:${account}:key/4321abcd-12ab-34cd-56ef-1234567890ab`;
    const stack = synthesized((scope) => ({
      secretKeys: [Key.fromKeyArn(scope, 'Own', arn)],
      configuration: {
        connections: {
          ci: { transport: 'http', url: 'https://ci.example.com', auth: { type: 'bearer', token: 'ssm:ci' } },
        },
      },
    }));
    const may = (name: 'poll' | 'deliver'): boolean =>
      rulesOf(stack, stack.idOf(stack.untilDone.functions[name].role)).includes(`kms:Decrypt on ${arn}`);
    expect([may('poll'), may('deliver')]).toEqual([true, false]);
  });
  it('a permissions boundary is on every role', () => {
    const boundary = `arn:aws:iam::${account}:policy/boundary`;
    const { template } = synthesized((stack) => ({
      permissionsBoundary: ManagedPolicy.fromManagedPolicyArn(stack, 'Own', boundary),
      slackChannel: { workspaceId: 'T012', channelId: 'C012' },
    }));
    template.allResourcesProperties('AWS::IAM::Role', { PermissionsBoundary: boundary });
  });
  it('logs end when they are told to', () => {
    const { template } = synthesized({ logRetention: RetentionDays.ONE_WEEK });
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
  });
  it('throttles, concurrency, heartbeats and long polls are what was asked for', () => {
    const stack = synthesized({
      throttle: { ratePerSecond: 5, burst: 6 },
      concurrency: { poll: 7, deliver: 8, status: 9, mcp: 10 },
      watchdogMinutes: 5,
      longPollSeconds: 0,
    });
    stack.template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      DefaultRouteSettings: { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6 },
    });
    for (const MaximumConcurrency of [7, 8])
      stack.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
        ScalingConfig: { MaximumConcurrency },
      });
    expect(stack.functionOf('status')['ReservedConcurrentExecutions']).toBe(9);
    expect(stack.functionOf('mcp')['ReservedConcurrentExecutions']).toBe(10);
    expect(stack.variableOf('start', 'WATCHDOG_MINUTES')).toBe('5');
    expect(stack.variableOf('sweep', 'WATCHDOG_MINUTES')).toBe('5');
    for (const held of ['status', 'mcp'] as const) expect(stack.variableOf(held, 'LONG_POLL_SECONDS')).toBe('0');
  });
  it('links lead to the public address, where there is one', () => {
    expect(synthesized({ publicUrl: 'https://jobs.example.com' }).variableOf('poll', 'PUBLIC_BASE_URL')).toBe(
      'https://jobs.example.com',
    );
  });
  it('the kill switch stops what costs, and lets jobs be read', () => {
    const stack = synthesized({ killSwitch: true });
    stack.template.allResourcesProperties('AWS::Lambda::EventSourceMapping', { Enabled: false });
    stack.template.hasResourceProperties('AWS::Scheduler::Schedule', { State: 'DISABLED' });
    // A tool can start a job as well.
    for (const name of ['start', 'mcp'] as const)
      expect(stack.functionOf(name)['ReservedConcurrentExecutions']).toBe(0);
    expect(stack.functionOf('status')['ReservedConcurrentExecutions']).toBeUndefined();
  });
});

describe('what cannot be deployed fails synth', () => {
  const cases: [string, UntilDoneProps, RegExp][] = [
    ['a watchdog beyond five minutes', { watchdogMinutes: 6 }, /watchdogMinutes is 6; give a whole number from 1 to 5/],
    ['a watchdog of half minutes', { watchdogMinutes: 1.5 }, /watchdogMinutes is 1.5/],
    ['a long poll beyond 25 s', { longPollSeconds: 26 }, /longPollSeconds is 26; .* from 0 to 25/],
    ['a concurrency of one', { concurrency: { poll: 1 } }, /concurrency.poll is 1; .* from 2 to 1000/],
    ['an endless throttle', { throttle: { ratePerSecond: 0, burst: 1 } }, /throttle.ratePerSecond is 0/],
    ['an address that is none', { emails: ['ops'] }, /emails has "ops", which is no address/],
    ['mails of no event there is', { emailsOn: ['done' as 'settled'] }, /emailsOn has "done"; there are settled, /],
    ['mails of nothing', { emailsOn: [] }, /emailsOn is empty/],
    ['an issuer without https', { auth: { type: 'jwt', issuer: 'login', audience: ['x'] } }, /auth.issuer is "login"/],
    [
      'tokens for anybody',
      { auth: { type: 'jwt', issuer: 'https://x.example.com', audience: [] } },
      /auth.audience is empty/,
    ],
    [
      'a channel by its name',
      { slackChannel: { workspaceId: 'T012', channelId: '#ops' } },
      /slackChannel.channelId is "#ops"/,
    ],
    [
      'a Slack URL in the open',
      { slackWebhookSecret: 'https://hooks.slack.com/x' },
      /announce.slack.0.webhook_url.*a literal secret is refused/,
    ],
  ];
  for (const [what, props, reason] of cases)
    it(what, () => {
      expect(() => synthesized(props)).toThrow(reason);
    });
  it('a key of your own, unless the stack names its Region', () => {
    const encrypted = (env: { region?: string }) => {
      const stack = new Stack(unbundled(), 'Test', { env });
      const encryptionKey = new Key(stack, 'Own');
      return () => new UntilDone(stack, 'UntilDone', { encryptionKey });
    };
    expect(encrypted({})).toThrow(
      /encryptionKey needs a stack with a Region, and "Test" has none; give it one, as env:/,
    );
    expect(encrypted({ region })).not.toThrow();
  });
});
