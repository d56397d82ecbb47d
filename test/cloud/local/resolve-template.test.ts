// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeCloud } from './described-cloud.ts';
import { type ResolvedTemplate, readTemplate } from './resolve-template.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'template-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function read(resources: object, outputs: object = {}): ResolvedTemplate {
  writeFileSync(join(directory, 'Tried.template.json'), JSON.stringify({ Resources: resources, Outputs: outputs }));
  return readTemplate(directory, {
    account: '000000000000',
    region: 'eu-west-1',
    queueUrl: (name) => `http://127.0.0.1:1/000000000000/${name}`,
    api_url: 'http://127.0.0.1:2',
  });
}

const queue = { Type: 'AWS::SQS::Queue' };
const resolved = (value: unknown): unknown =>
  read(
    { Ticks: queue, Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'jobs' } } },
    { It: { Value: value } },
  ).output('It');

it.each<[unknown, unknown]>([
  [{ Ref: 'Ticks' }, 'http://127.0.0.1:1/000000000000/Ticks'],
  [{ Ref: 'AWS::Region' }, 'eu-west-1'],
  [{ 'Fn::GetAtt': ['Ticks', 'Arn'] }, 'arn:aws:sqs:eu-west-1:000000000000:Ticks'],
  [{ 'Fn::Join': ['/', ['a', { Ref: 'Group' }]] }, 'a/jobs'],
  [{ 'Fn::Sub': 'b-${AWS::AccountId}-${Ticks.QueueName}' }, 'b-000000000000-Ticks'],
  [{ 'Fn::Sub': ['${one} ${AWS::Partition}', { one: { Ref: 'Group' } }] }, 'jobs aws'],
  [{ 'Fn::Select': [1, { 'Fn::Split': [':', { 'Fn::GetAtt': ['Group', 'Arn'] }] }] }, 'aws'],
  [{ deep: [{ Ref: 'Group' }, 7, null] }, { deep: ['jobs', 7, null] }],
])('resolves %j', (value, expected) => {
  expect(resolved(value)).toEqual(expected);
});

it.each([
  [{ Ref: 'Nobody' }, 'the template has no resource Nobody'],
  [{ 'Fn::GetAtt': ['Ticks', 'Colour'] }, 'nobody knows the Colour of Ticks'],
  [{ 'Fn::ImportValue': ['x'] }, 'Fn::ImportValue is not resolved here'],
])('refuses %j', (value, message) => {
  expect(() => resolved(value)).toThrow(message);
});

it('lists what a function is and what feeds it', () => {
  const template = read({
    Ticks: queue,
    Role: { Type: 'AWS::IAM::Role' },
    Poll: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Handler: 'index.handler',
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Timeout: 40,
        ReservedConcurrentExecutions: 0,
        Environment: { Variables: { TICK_QUEUE_URL: { Ref: 'Ticks' } } },
      },
      Metadata: { 'aws:asset:path': 'asset.1' },
    },
    Feed: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: { 'Fn::GetAtt': ['Ticks', 'Arn'] },
        FunctionName: { Ref: 'Poll' },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      },
    },
  });
  const { functions, event_sources } = describeCloud(template);
  expect(functions).toEqual([
    {
      name: 'Poll',
      arn: 'arn:aws:lambda:eu-west-1:000000000000:function:Poll',
      role_arn: 'arn:aws:iam::000000000000:role/Role',
      handler: 'index.handler',
      code_directory: join(directory, 'asset.1'),
      timeout_s: 40,
      memory_mb: 128,
      reserved_concurrency: 0,
      may_loop: false,
      environment: { TICK_QUEUE_URL: 'http://127.0.0.1:1/000000000000/Ticks' },
    },
  ]);
  expect(event_sources).toEqual([
    { queue: 'Ticks', function_name: 'Poll', batch_size: 10, enabled: true, reports_failures: true },
  ]);
});
