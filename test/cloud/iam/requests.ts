import type { Ask } from './evaluate.ts';
import type { Place } from './resolve.ts';

/** A call as a loopback server sees it: the API's own names, and the input of the SDK's command. */
export type ApiRequest = { service: string; operation: string; input: Readonly<Record<string, unknown>> };

type Input = ApiRequest['input'];
type AsksOf = (input: Input, place: Place) => Ask[];

/** What IAM is asked before a call is carried out, a role handed over included. Throws for calls that nobody of ours makes. */
export function asksOf({ service, operation, input }: ApiRequest, place: Place): Ask[] {
  const asks = calls[`${service}:${operation}`];
  if (asks === undefined) throw new Error(`nobody of ours calls ${service} ${operation}`);
  return asks(input, place);
}

const about = (action: string, resource: string): Ask => ({ action, resource, context: {} });

/** An item or a query, on the table or on one of its indexes. */
const onTable =
  (operation: string): AsksOf =>
  (input, place) => {
    const table = tableArn(textIn(input, 'TableName'), place);
    const index = input['IndexName'] === undefined ? '' : `/index/${textIn(input, 'IndexName')}`;
    return [about(`dynamodb:${operation}`, `${table}${index}`)];
  };
/** Asked of each table. */
const batchGet: AsksOf = (input, place) =>
  Object.keys(fieldsIn(input, 'RequestItems')).map((table) => about('dynamodb:BatchGetItem', tableArn(table, place)));

const onSchedule =
  (operation: string): AsksOf =>
  (input, { partition, region, account }) => {
    const group = input['GroupName'] === undefined ? 'default' : textIn(input, 'GroupName');
    const resource = `arn:${partition}:scheduler:${region}:${account}:schedule/${group}/${textIn(input, 'Name')}`;
    return [about(`scheduler:${operation}`, resource)];
  };
/** Who makes a schedule hands its role to the service, and needs the right to do so. */
const createSchedule: AsksOf = (input, place) => [
  ...onSchedule('CreateSchedule')(input, place),
  {
    action: 'iam:PassRole',
    resource: textIn(fieldsIn(input, 'Target'), 'RoleArn'),
    context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
  },
];

/** Batches are authorised as the action they repeat. */
const onQueue =
  (action: string): AsksOf =>
  (input, { partition, region }) => {
    const [account = '', name = ''] = new URL(textIn(input, 'QueueUrl')).pathname.split('/').slice(1);
    return [about(`sqs:${action}`, `arn:${partition}:sqs:${region}:${account}:${name}`)];
  };

const publish: AsksOf = (input) => [about('sns:Publish', textIn(input, 'TopicArn'))];

/** By its whole ARN: a name would leave open which secret of that name is meant. */
const onSecret =
  (operation: string): AsksOf =>
  (input) => {
    const id = textIn(input, 'SecretId');
    if (!id.startsWith('arn:')) throw new Error(`a secret is named by its ARN, not as ${id}`);
    return [about(`secretsmanager:${operation}`, id)];
  };
const getParameter: AsksOf = (input, { partition, region, account }) => {
  const name = textIn(input, 'Name').replace(/^\//, '');
  return [about('ssm:GetParameter', `arn:${partition}:ssm:${region}:${account}:parameter/${name}`)];
};

/** What the Lambda service does in a function's name. */
const onLogStream =
  (operation: string): AsksOf =>
  (input, { partition, region, account }) => {
    const stream = `${textIn(input, 'logGroupName')}:log-stream:${textIn(input, 'logStreamName')}`;
    return [about(`logs:${operation}`, `arn:${partition}:logs:${region}:${account}:log-group:${stream}`)];
  };

const calls: Record<string, AsksOf> = {
  'dynamodb:Query': onTable('Query'),
  'dynamodb:GetItem': onTable('GetItem'),
  'dynamodb:PutItem': onTable('PutItem'),
  'dynamodb:UpdateItem': onTable('UpdateItem'),
  'dynamodb:DeleteItem': onTable('DeleteItem'),
  'dynamodb:BatchGetItem': batchGet,
  'scheduler:CreateSchedule': createSchedule,
  'scheduler:DeleteSchedule': onSchedule('DeleteSchedule'),
  'sqs:SendMessage': onQueue('SendMessage'),
  'sqs:SendMessageBatch': onQueue('SendMessage'),
  'sqs:ReceiveMessage': onQueue('ReceiveMessage'),
  'sqs:DeleteMessage': onQueue('DeleteMessage'),
  'sqs:DeleteMessageBatch': onQueue('DeleteMessage'),
  'sqs:GetQueueAttributes': onQueue('GetQueueAttributes'),
  'sns:PublishBatch': publish,
  'secretsmanager:GetSecretValue': onSecret('GetSecretValue'),
  'secretsmanager:PutSecretValue': onSecret('PutSecretValue'),
  'ssm:GetParameter': getParameter,
  'logs:CreateLogStream': onLogStream('CreateLogStream'),
  'logs:PutLogEvents': onLogStream('PutLogEvents'),
};

const tableArn = (name: string, { partition, region, account }: Place): string =>
  name.startsWith('arn:') ? name : `arn:${partition}:dynamodb:${region}:${account}:table/${name}`;

function textIn(input: Input, field: string): string {
  const value = input[field];
  if (typeof value !== 'string') throw new Error(`the request has no ${field}`);
  return value;
}

function fieldsIn(input: Input, field: string): Input {
  const value = input[field];
  if (typeof value !== 'object' || value === null) throw new Error(`the request has no ${field}`);
  return { ...value };
}
