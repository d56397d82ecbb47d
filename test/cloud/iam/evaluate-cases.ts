import type { Ask, Verdict } from './evaluate.ts';

/** An ARN of our account and Region. */
export const at = (service: string, rest: string, place = 'eu-west-1:111122223333'): string =>
  `arn:aws:${service}:${place}:${rest}`;
const table = at('dynamodb', 'table/jobs');
export const queue = at('sqs', 'ticks');
export const topic = at('sns', 'outcomes');
const schedules = at('scheduler', 'schedule/ours/*');
export const group = at('scheduler', 'schedule-group/ours');
export const role = at('iam', 'role/schedules', ':111122223333');
const secret = at('secretsmanager', 'secret:hook-AbCdEf');

export type Given = Record<string, unknown>;
export const allow = (Action: unknown, Resource: unknown, Condition?: unknown): Given => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});
const deny = (Action: unknown, Resource: unknown, Condition?: unknown): Given => ({
  ...allow(Action, Resource, Condition),
  Effect: 'Deny',
});
export const ask = (action: string, resource: string, context: Ask['context'] = {}): Ask => ({
  action,
  resource,
  context,
});

const passing = (service: string): Ask['context'] => ({ 'iam:PassedToService': service });
const passRole = allow('iam:PassRole', role, { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } });
const overTls = deny('sqs:*', queue, { Bool: { 'aws:SecureTransport': 'false' } });

export const yes = 'allowed';
export const no = 'not allowed';
const refused = 'denied';
/** Statements, what is asked, and what IAM says. */
export const cases: [string, Given[], Ask, Verdict][] = [
  ['nothing is allowed by itself', [], ask('sqs:SendMessage', queue), no],
  ['the named action on the named resource', [allow('sqs:SendMessage', queue)], ask('sqs:SendMessage', queue), yes],
  ['another action', [allow('sqs:SendMessage', queue)], ask('sqs:ReceiveMessage', queue), no],
  ['another queue', [allow('sqs:SendMessage', queue)], ask('sqs:SendMessage', at('sqs', 'other')), no],
  ['a queue whose name goes on', [allow('sqs:SendMessage', queue)], ask('sqs:SendMessage', `${queue}-2`), no],
  ['a queue whose name begins before', [allow('sqs:SendMessage', queue)], ask('sqs:SendMessage', `x${queue}`), no],
  [
    'the queue in another account',
    [allow('sqs:SendMessage', queue)],
    ask('sqs:SendMessage', at('sqs', 'ticks', 'eu-west-1:999')),
    no,
  ],
  [
    'the queue in another Region',
    [allow('sqs:SendMessage', queue)],
    ask('sqs:SendMessage', at('sqs', 'ticks', 'eu-west-2:111122223333')),
    no,
  ],
  ['resources in another case', [allow('sqs:SendMessage', queue)], ask('sqs:SendMessage', at('sqs', 'Ticks')), no],
  ['actions in another case', [allow('SQS:sendmessage', queue)], ask('sqs:SendMessage', queue), yes],
  [
    'one of several actions',
    [allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage'], queue)],
    ask('sqs:DeleteMessage', queue),
    yes,
  ],
  [
    'one of several resources',
    [allow('sqs:SendMessage', [queue, at('sqs', 'dead')])],
    ask('sqs:SendMessage', at('sqs', 'dead')),
    yes,
  ],
  [
    'one of several statements',
    [allow('sqs:SendMessage', queue), allow('sns:Publish', topic)],
    ask('sns:Publish', topic),
    yes,
  ],
  [
    'actions and resources of two statements do not mix',
    [allow('sqs:SendMessage', queue), allow('sns:Publish', topic)],
    ask('sns:Publish', queue),
    no,
  ],
  ['a star in the action', [allow('sqs:*', queue)], ask('sqs:PurgeQueue', queue), yes],
  ['a star in the action stays in its service', [allow('sqs:*', queue)], ask('sns:Publish', queue), no],
  ['a star within the action', [allow('sqs:*Message', queue)], ask('sqs:SendMessage', queue), yes],
  ['a question mark in the action', [allow('sqs:SendMessag?', queue)], ask('sqs:SendMessage', queue), yes],
  ['a question mark is one character', [allow('sqs:SendMessage?', queue)], ask('sqs:SendMessage', queue), no],
  ['every action', [allow('*', queue)], ask('sqs:SendMessage', queue), yes],
  ['every resource', [allow('sqs:SendMessage', '*')], ask('sqs:SendMessage', queue), yes],
  ['a dot is a dot', [allow('sqs:SendMessage', at('sqs', 'a.fifo'))], ask('sqs:SendMessage', at('sqs', 'aXfifo')), no],
  [
    'a star inside a part of an ARN ends at the colon',
    [allow('sqs:SendMessage', at('sqs', 'a*z', 'eu-*t-1:111122223333'))],
    ask('sqs:SendMessage', at('sqs', 'a:z', 'eu-west-1:111122223333')),
    no,
  ],
  [
    'a star at the end of an ARN goes beyond it',
    [allow('logs:PutLogEvents', at('logs', 'log-group:a:*'))],
    ask('logs:PutLogEvents', at('logs', 'log-group:a:log-stream:b')),
    yes,
  ],
  ['a table', [allow('dynamodb:Query', table)], ask('dynamodb:Query', table), yes],
  [
    'a table does not include its indexes',
    [allow('dynamodb:Query', table)],
    ask('dynamodb:Query', `${table}/index/jobs-of-owner`),
    no,
  ],
  [
    'an index by its own ARN',
    [allow('dynamodb:Query', `${table}/index/jobs-of-owner`)],
    ask('dynamodb:Query', `${table}/index/jobs-of-owner`),
    yes,
  ],
  [
    'another index',
    [allow('dynamodb:Query', `${table}/index/jobs-of-owner`)],
    ask('dynamodb:Query', `${table}/index/active-jobs`),
    no,
  ],
  [
    'an index does not include its table',
    [allow('dynamodb:Query', `${table}/index/*`)],
    ask('dynamodb:Query', table),
    no,
  ],
  [
    'every index',
    [allow('dynamodb:Query', `${table}/index/*`)],
    ask('dynamodb:Query', `${table}/index/active-jobs`),
    yes,
  ],
  [
    'a schedule of the group',
    [allow('scheduler:CreateSchedule', schedules)],
    ask('scheduler:CreateSchedule', at('scheduler', 'schedule/ours/job-1')),
    yes,
  ],
  [
    'a schedule of another group',
    [allow('scheduler:CreateSchedule', schedules)],
    ask('scheduler:CreateSchedule', at('scheduler', 'schedule/default/job-1')),
    no,
  ],
  [
    'a schedule of a group whose name goes on',
    [allow('scheduler:CreateSchedule', schedules)],
    ask('scheduler:CreateSchedule', at('scheduler', 'schedule/ours-too/job-1')),
    no,
  ],
  ['the group itself', [allow('scheduler:*', schedules)], ask('scheduler:DeleteScheduleGroup', group), no],
  ['a role passed to the scheduler', [passRole], ask('iam:PassRole', role, passing('scheduler.amazonaws.com')), yes],
  ['a role passed to another service', [passRole], ask('iam:PassRole', role, passing('lambda.amazonaws.com')), no],
  ['a role passed to nobody named', [passRole], ask('iam:PassRole', role), no],
  [
    'another role passed to the scheduler',
    [passRole],
    ask('iam:PassRole', `${role}-2`, passing('scheduler.amazonaws.com')),
    no,
  ],
  [
    'a secret by its ARN',
    [allow('secretsmanager:GetSecretValue', secret)],
    ask('secretsmanager:GetSecretValue', secret),
    yes,
  ],
  [
    'a secret by six unknown characters',
    [allow('secretsmanager:GetSecretValue', at('secretsmanager', 'secret:hook-??????'))],
    ask('secretsmanager:GetSecretValue', secret),
    yes,
  ],
  [
    'six unknown characters are not more',
    [allow('secretsmanager:GetSecretValue', at('secretsmanager', 'secret:hook-??????'))],
    ask('secretsmanager:GetSecretValue', at('secretsmanager', 'secret:hook-two-AbCdEf')),
    no,
  ],
  [
    'a secret by a star, and every secret that begins so',
    [allow('secretsmanager:GetSecretValue', at('secretsmanager', 'secret:hook-*'))],
    ask('secretsmanager:GetSecretValue', at('secretsmanager', 'secret:hook-two-AbCdEf')),
    yes,
  ],
  [
    'a parameter',
    [allow('ssm:GetParameter', at('ssm', 'parameter/ci/token'))],
    ask('ssm:GetParameter', at('ssm', 'parameter/ci/token')),
    yes,
  ],
  [
    'a parameter below it',
    [allow('ssm:GetParameter', at('ssm', 'parameter/ci'))],
    ask('ssm:GetParameter', at('ssm', 'parameter/ci/token')),
    no,
  ],
  [
    'a Deny after an Allow',
    [allow('sqs:*', queue), deny('sqs:PurgeQueue', queue)],
    ask('sqs:PurgeQueue', queue),
    refused,
  ],
  ['a Deny before an Allow', [deny('*', '*'), allow('sqs:SendMessage', queue)], ask('sqs:SendMessage', queue), refused],
  [
    'a Deny of something else',
    [allow('sqs:*', queue), deny('sqs:PurgeQueue', queue)],
    ask('sqs:SendMessage', queue),
    yes,
  ],
  [
    'a Deny whose condition holds',
    [allow('sqs:*', queue), overTls],
    ask('sqs:SendMessage', queue, { 'aws:SecureTransport': 'false' }),
    refused,
  ],
  [
    'a Deny whose condition does not hold',
    [allow('sqs:*', queue), overTls],
    ask('sqs:SendMessage', queue, { 'aws:SecureTransport': 'true' }),
    yes,
  ],
];
