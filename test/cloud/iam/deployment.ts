import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Template as Synthesized } from 'aws-cdk-lib/assertions';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { readAppContext } from '../../../lib/infra/app-context.ts';
import type { FunctionName } from '../../../lib/infra/function-names.ts';
import { UntilDone, type UntilDoneProps } from '../../../lib/infra/until-done.ts';
import { UntilDoneStack } from '../../../lib/infra/until-done-stack.ts';
import { unbundled } from '../../infra/synthesized.ts';
import { type Names, namesIn, type Place, type Template } from './resolve.ts';

export const place: Place = { partition: 'aws', account: '123456789012', region: 'eu-west-1' };
/** A table with a key of the customer's wants to know its Region. */
const env = { account: place.account, region: place.region };
export const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:hook-AbCdEf';
export const parameterName = '/ci/token';
/** What a person agreed to, with a refresh token that rotates. */
export const grantArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:octo-AbCdEf';

/** With everything that asks for a right: connections, one of them by OAuth 2, a target, a Slack channel, people. */
const configuration = {
  connections: {
    ci: { transport: 'http', url: 'https://ci.example.com', auth: { type: 'bearer', token: `ssm:${parameterName}` } },
    octo: {
      transport: 'mcp',
      url: 'https://api.example.com/mcp',
      auth: { type: 'oauth2-refresh-token', refresh_token: `secretsmanager:${grantArn}#token` },
    },
  },
  announce: {
    webhooks: [{ name: 'ops', url: 'https://hooks.example.com', secret: `secretsmanager:${secretArn}#key` }],
  },
};

/** What bounds the roles of a guarded deployment: everything that one does, and nothing of IAM's own. */
const bounded = ['dynamodb:*', 'sqs:*', 'sns:*', 'scheduler:*', 'lambda:*', 'logs:*', 'ssm:*', 'secretsmanager:*'];

/** The same with a key of the customer's, and a boundary round every role. */
export const guarded = () =>
  deployed((scope) => ({
    encryptionKey: new Key(scope, 'OwnKey'),
    permissionsBoundary: new ManagedPolicy(scope, 'Boundary', {
      statements: [
        new PolicyStatement({
          actions: [...bounded, 'iam:PassRole', 'kms:Decrypt', 'kms:GenerateDataKey'],
          resources: ['*'],
        }),
      ],
    }),
  }));

/** The template of bin/app.ts, unbundled, with its names as a deployment would have them. */
export function deployed(more?: (scope: Stack) => UntilDoneProps): { template: Template; names: Names } {
  const directory = mkdtempSync(join(tmpdir(), 'untildone-iam-'));
  try {
    const config = join(directory, 'config.json');
    writeFileSync(config, JSON.stringify(configuration));
    const app = unbundled();
    const said = { config, emails: 'ops@example.com', slackWorkspaceId: 'T012ABCDEFG', slackChannelId: 'C012ABCDEFG' };
    for (const [key, value] of Object.entries(said)) app.node.setContext(key, value);
    const { stack, untilDone } = readAppContext(app);
    const own = more === undefined ? new UntilDoneStack(app, stack, { untilDone }) : new Stack(app, stack, { env });
    if (more !== undefined) new UntilDone(own, 'UntilDone', { ...untilDone, ...more(own) });
    const template = Synthesized.fromStack(own).toJSON() as Template;
    return { template, names: namesIn(template, place) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Logical ids of what the functions touch, found by how they begin: their ends are hashes. */
export function idsIn({ Resources }: Template) {
  const one = (type: string, begins: string): string => {
    const found = Object.keys(Resources).filter(
      (id) => Resources[id]?.Type === type && new RegExp(`^${begins}[0-9A-F]{8}$`).test(id),
    );
    const [id] = found;
    if (id === undefined || found.length > 1) throw new Error(`${found.length} of ${type} begin with ${begins}`);
    return id;
  };
  const named = (part: string) => ({
    fn: one('AWS::Lambda::Function', `UntilDone${part}Function`),
    log: one('AWS::Logs::LogGroup', `UntilDone${part}Log`),
  });
  const functions: Record<FunctionName, { fn: string; log: string }> = {
    start: named('Start'),
    status: named('Status'),
    cancel: named('Cancel'),
    mcp: named('Mcp'),
    poll: named('Poll'),
    deliver: named('Deliver'),
    sweep: named('Sweep'),
  };
  return {
    functions,
    table: one('AWS::DynamoDB::GlobalTable', 'UntilDoneJobsTable'),
    ticks: one('AWS::SQS::Queue', 'UntilDoneTicksQueue'),
    deliveries: one('AWS::SQS::Queue', 'UntilDoneAnnouncementsDeliveriesQueue'),
    deadDeliveries: one('AWS::SQS::Queue', 'UntilDoneAnnouncementsDeliveriesDeadLetters'),
    deadTicks: one('AWS::SQS::Queue', 'UntilDoneTicksDeadLetters'),
    deadSchedules: one('AWS::SQS::Queue', 'UntilDoneSchedulesDeadLetters'),
    outcomes: one('AWS::SNS::Topic', 'UntilDoneAnnouncementsOutcomes'),
    chat: one('AWS::SNS::Topic', 'UntilDoneAnnouncementsChat'),
    group: one('AWS::Scheduler::ScheduleGroup', 'UntilDoneSchedulesGroup'),
    scheduleRole: one('AWS::IAM::Role', 'UntilDoneSchedulesRole'),
    tokenKey: one('AWS::SecretsManager::Secret', 'UntilDoneTokenKeySecret'),
    sweepRole: one('AWS::IAM::Role', 'UntilDoneSweepScheduleRole'),
  };
}
