import { describe, expect, it } from 'vitest';
import { place } from './deployment.ts';
import { asksOf } from './requests.ts';

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
    expect(() => ask('sns', 'PublishBatch', {})).toThrow('no TopicArn');
  });
});
