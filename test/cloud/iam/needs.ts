import type { FunctionName } from '../../../lib/infra/function-names.ts';
import { grantArn, idsIn, parameterName, place, secretArn } from './deployment.ts';
import type { Ask } from './evaluate.ts';
import { type ApiRequest, asksOf } from './requests.ts';
import type { Names, Template } from './resolve.ts';

type Input = ApiRequest['input'];
const call = (service: string, operation: string, input: Input): ApiRequest => ({ service, operation, input });

/** What each function calls, by its adapters and by the Lambda service in its name: no more and no less may be allowed. */
export function callsOf(template: Template, names: Names): Record<FunctionName, ApiRequest[]> {
  const ids = idsIn(template);
  const nameOf = (id: string): string => names.get(id) ?? id;
  const TableName = nameOf(ids.table);
  const query = (IndexName?: string) =>
    call('dynamodb', 'Query', IndexName === undefined ? { TableName } : { TableName, IndexName });
  const active = query('active-jobs');
  const ofOwner = [active, query('jobs-of-owner')];
  const update = call('dynamodb', 'UpdateItem', { TableName });
  const jobs = [query(), call('dynamodb', 'PutItem', { TableName }), update];

  const schedule = { GroupName: nameOf(ids.group), Name: 'job-1' };
  const RoleArn = nameOf(`${ids.scheduleRole}.Arn`);
  const create = call('scheduler', 'CreateSchedule', { ...schedule, Target: { RoleArn } });
  const remove = call('scheduler', 'DeleteSchedule', schedule);

  const send = (queue: string) => call('sqs', 'SendMessage', { QueueUrl: nameOf(queue) });
  const fedFrom = (queue: string) =>
    ['ReceiveMessage', 'DeleteMessageBatch', 'GetQueueAttributes'].map((operation) =>
      call('sqs', operation, { QueueUrl: nameOf(queue) }),
    );
  const tick = send(ids.ticks);
  const ticks = call('sqs', 'SendMessageBatch', { QueueUrl: nameOf(ids.ticks) });
  const publish = (topic: string) => call('sns', 'PublishBatch', { TopicArn: nameOf(topic) });
  const announce = [publish(ids.outcomes), publish(ids.chat), send(ids.deliveries)];
  const secret = (operation: string, SecretId: string) => call('secretsmanager', operation, { SecretId });
  const credentials = [
    call('ssm', 'GetParameter', { Name: parameterName }),
    secret('GetSecretValue', grantArn),
    secret('PutSecretValue', grantArn),
    secret('GetSecretValue', nameOf(ids.tokenKey)),
  ];
  const key = secret('GetSecretValue', secretArn);
  const logging = (name: FunctionName) =>
    ['CreateLogStream', 'PutLogEvents'].map((operation) =>
      call('logs', operation, { logGroupName: nameOf(ids.functions[name].log), logStreamName: '2026/11/21/a' }),
    );
  return {
    start: [...logging('start'), ...jobs, active, create, remove, tick, ...announce, ...credentials],
    status: [...logging('status'), query(), ...ofOwner],
    cancel: [...logging('cancel'), ...jobs, remove, tick, ...announce],
    mcp: [...logging('mcp'), ...jobs, ...ofOwner, create, remove, tick, ...announce, ...credentials],
    poll: [...logging('poll'), ...fedFrom(ids.ticks), ...jobs, remove, tick, ticks, ...announce, ...credentials],
    deliver: [
      ...logging('deliver'),
      ...fedFrom(ids.deliveries),
      update,
      send(ids.deliveries),
      send(ids.deadDeliveries),
      key,
    ],
    sweep: [...logging('sweep'), query(), active, create, tick],
  };
}

/** What nobody may do: to things that are not ours, and to ours what no function does. */
export function foreignAsks(template: Template, names: Names): Ask[] {
  const ids = idsIn(template);
  const nameOf = (id: string): string => names.get(id) ?? id;
  const arnOf = (id: string): string => nameOf(`${id}.Arn`);
  const [table, group] = [nameOf(ids.table), nameOf(ids.group)];
  const target = { Target: { RoleArn: 'arn:aws:iam::123456789012:role/Administrator' } };
  const asks = [
    ...['Other', `${table}-2`].flatMap((TableName) =>
      ['Query', 'PutItem', 'UpdateItem'].map((operation) => call('dynamodb', operation, { TableName })),
    ),
    ...['GetItem', 'DeleteItem'].map((operation) => call('dynamodb', operation, { TableName: table })),
    call('dynamodb', 'BatchGetItem', { RequestItems: { [table]: {}, Other: {} } }),
    call('dynamodb', 'Query', { TableName: 'Other', IndexName: 'jobs-of-owner' }),
    call('dynamodb', 'Query', { TableName: table, IndexName: 'planted' }),
    ...['default', 'Other', `${group}-2`].flatMap((GroupName) =>
      ['CreateSchedule', 'DeleteSchedule'].map((operation) =>
        call('scheduler', operation, { GroupName, Name: 'job-1', ...target }),
      ),
    ),
    ...['Other', ids.deadTicks, ids.deadSchedules].flatMap((queue) =>
      ['SendMessage', 'ReceiveMessage', 'DeleteMessage'].map((operation) =>
        call('sqs', operation, { QueueUrl: `https://sqs.eu-west-1.amazonaws.com/123456789012/${queue}` }),
      ),
    ),
    call('sns', 'PublishBatch', { TopicArn: 'arn:aws:sns:eu-west-1:123456789012:Other' }),
    ...['hook-2-AbCdEf', 'hook-GhIjKl', 'Other-AbCdEf'].map((secret) =>
      call('secretsmanager', 'GetSecretValue', { SecretId: secretArn.replace('hook-AbCdEf', secret) }),
    ),
    ...[secretArn, nameOf(ids.tokenKey)].map((SecretId) => call('secretsmanager', 'PutSecretValue', { SecretId })),
    ...['/ci/token2', '/ci', '/ci/token/2'].map((Name) => call('ssm', 'GetParameter', { Name })),
  ].flatMap((request) => asksOf(request, place));
  const ask = (action: string, resource: string, context = {}): Ask => ({ action, resource, context });
  const [key] = Object.keys(template.Resources).filter((id) => template.Resources[id]?.Type === 'AWS::KMS::Key');
  const passed = (service: string) => ({ 'iam:PassedToService': service });
  const ours = Object.values(callsOf(template, names)).flatMap((requests) =>
    requests.flatMap((request) => asksOf(request, place)),
  );
  // The same names in another account, and in another Region where the ARN has one.
  const elsewhere = ours
    .flatMap((one) => [
      { ...one, resource: one.resource.replace(place.account, '999999999999') },
      { ...one, resource: one.resource.replace(place.region, 'us-east-1') },
    ])
    .filter(({ resource }) => ours.every((one) => one.resource !== resource));
  return [
    ...asks.filter(({ action, resource }) => !(action === 'sqs:SendMessage' && resource === arnOf(ids.deadSchedules))),
    ...elsewhere,
    ask('iam:PassRole', arnOf(ids.scheduleRole), passed('lambda.amazonaws.com')),
    ask('iam:PassRole', arnOf(ids.scheduleRole)),
    ask('iam:PassRole', arnOf(ids.sweepRole), passed('scheduler.amazonaws.com')),
    ask('dynamodb:Scan', arnOf(ids.table)),
    ask('dynamodb:DeleteTable', arnOf(ids.table)),
    ask('scheduler:UpdateSchedule', `arn:aws:scheduler:eu-west-1:123456789012:schedule/${group}/job-1`),
    ask('scheduler:DeleteScheduleGroup', arnOf(ids.group)),
    ask('sqs:PurgeQueue', arnOf(ids.ticks)),
    ask('sns:Subscribe', nameOf(ids.outcomes)),
    ask('sts:AssumeRole', arnOf(ids.scheduleRole)),
    ask('kms:Decrypt', 'arn:aws:kms:eu-west-1:123456789012:key/Other'),
    ...(key === undefined ? [] : ['kms:Encrypt', 'kms:PutKeyPolicy'].map((action) => ask(action, arnOf(key)))),
  ];
}
