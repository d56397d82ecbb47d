import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { allRoutes } from '../../lib/api/all-routes.ts';
import { loadMcp } from '../../lib/api/load-mcp.ts';
import { leaseMs } from '../../lib/core/cadence.ts';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import { routes } from '../../lib/infra/jobs-api.ts';
import { world } from '../support/world.ts';
import { synthesized } from './synthesized.ts';

const stack = synthesized();
const { untilDone, template } = stack;
const names = Object.keys(untilDone.functions) as FunctionName[];

describe('the functions', () => {
  for (const name of names)
    it(`${name} runs on Node 24, arm64, 256 MB, with a log of its own that ends`, () => {
      expect(stack.functionOf(name)).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        MemorySize: 256,
        Handler: 'index.handler',
        LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
      });
      expect(stack.propertiesOf(untilDone.functions[name].logGroup)['RetentionInDays']).toBe(30);
    });
  it('those that feed their own queue are let', () => {
    const allowed = names.filter((name) => stack.functionOf(name)['RecursiveLoop'] === 'Allow');
    expect(allowed).toEqual(['poll', 'deliver']);
  });
  it('the poll function ends before its lease, and requests before the 30 s of API Gateway', () => {
    expect(Number(stack.functionOf('poll')['Timeout']) * 1000).toBeLessThan(leaseMs);
    for (const name of ['start', 'status', 'cancel', 'mcp'] as const)
      expect(stack.functionOf(name)['Timeout']).toBeLessThan(30);
  });
});

describe('the queues', () => {
  for (const [name, queue] of [
    ['poll', untilDone.ticks.queue],
    ['deliver', untilDone.announcements.deliveryQueue],
  ] as const)
    it(`${name}: hides a batch for six timeouts, takes single failures, gives a message up after five`, () => {
      const { VisibilityTimeout, RedrivePolicy, SqsManagedSseEnabled } = stack.propertiesOf(queue);
      expect(VisibilityTimeout).toBeGreaterThanOrEqual(6 * Number(stack.functionOf(name)['Timeout']));
      expect(RedrivePolicy).toMatchObject({ maxReceiveCount: 5 });
      expect(SqsManagedSseEnabled).toBe(true);
      template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
        EventSourceArn: { 'Fn::GetAtt': [stack.idOf(queue), 'Arn'] },
        FunctionName: { Ref: stack.idOf(untilDone.functions[name].fn) },
        BatchSize: 10,
        Enabled: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: Match.anyValue() },
      });
    });
  it('nobody comes without TLS', () => {
    template.resourceCountIs('AWS::SQS::Queue', 5);
    template.resourcePropertiesCountIs(
      'AWS::SQS::QueuePolicy',
      { PolicyDocument: { Statement: [Match.objectLike({ Effect: 'Deny', Principal: { AWS: '*' } })] } },
      5,
    );
  });
  it('ticks are kept for longer than they can be delayed and redelivered', () => {
    const { MessageRetentionPeriod, VisibilityTimeout } = stack.propertiesOf(untilDone.ticks.queue);
    expect(MessageRetentionPeriod).toBeGreaterThan(900 + 5 * Number(VisibilityTimeout));
  });
});

describe('the table', () => {
  it('is paid on demand, expires records, and can be brought back to any minute', () => {
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      Replicas: [Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } })],
    });
  });
  it('has an index for the ended jobs of owners and one for the active ones', () => {
    expect(stack.propertiesOf(untilDone.jobs.table)['GlobalSecondaryIndexes']).toEqual([
      {
        IndexName: 'jobs-of-owner',
        KeySchema: [
          { AttributeName: 'owner_shard', KeyType: 'HASH' },
          { AttributeName: 'created', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['status', 'kind'] },
      },
      {
        IndexName: 'active-jobs',
        KeySchema: [
          { AttributeName: 'active_shard', KeyType: 'HASH' },
          { AttributeName: 'active_job', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['kind'] },
      },
    ]);
  });
});

describe('the API', () => {
  it('brings every route of the API to one function, and no other', () => {
    const { ports, settings } = world();
    const options = { engine: 'aws', mcp: loadMcp, doctor: async () => [], version: '0', ownerOf: () => 'me' } as const;
    const served = allRoutes.flatMap((some) => some({ ports, settings, ...options }));
    const brought = Object.values(routes).flatMap((list) => list.map(([method, path]) => `${method} ${path}`));
    expect(served.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...brought].sort());
    expect(
      stack
        .all('AWS::ApiGatewayV2::Route')
        .map(({ RouteKey }) => String(RouteKey))
        .sort(),
    ).toEqual([...brought].sort());
  });
  it('authorises every route, /health too', () => {
    for (const route of stack.all('AWS::ApiGatewayV2::Route')) expect(route['AuthorizationType']).toBe('AWS_IAM');
  });
  it('is throttled and logged, without bodies, credentials or queries', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
      AccessLogSettings: {
        DestinationArn: Match.anyValue(),
        Format: Match.not(Match.stringLikeRegexp('rawQuery|header|body')),
      },
    });
  });
});

describe('the sweep', () => {
  it('runs every five minutes, in the default group, which no function may delete from', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(5 minutes)',
      State: 'ENABLED',
      GroupName: Match.absent(),
      Target: { Arn: { 'Fn::GetAtt': [stack.idOf(untilDone.functions.sweep.fn), 'Arn'] } },
    });
  });
});

describe('the alarms', () => {
  const alarms = stack.all('AWS::CloudWatch::Alarm');
  it('each names its article in the runbook', () => {
    const articles = alarms.map(
      ({ AlarmDescription }) => /docs\/runbook\.md#([a-z-]+)$/.exec(String(AlarmDescription))?.[1],
    );
    expect(articles.sort()).toEqual([
      'api-errors',
      'credential-refused',
      'delivery-dead-letters',
      'no-checks',
      'orphans',
      'schedule-dead-letters',
      'sweep-silent',
      'tick-dead-letters',
      'worker-errors',
    ]);
  });
  it('none takes missing figures for bad news: a new stack has none', () => {
    expect(new Set(alarms.map(({ TreatMissingData }) => TreatMissingData))).toEqual(new Set(['notBreaching']));
  });
});
