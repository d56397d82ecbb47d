import { expect, it } from 'vitest';
import { type Ask, evaluateAll, type Verdict } from './evaluate.ts';
import { allow, ask, at, type Given, no, queue, role, topic, yes } from './evaluate-cases.ts';
import { readStatements, type Statement } from './statements.ts';

type Case = { identity?: Given[]; boundary?: Given[]; resource?: Given[]; asked: Ask; caller?: string };
const key = at('kms', 'key/own');
const root = { AWS: 'arn:aws:iam::111122223333:root' };
const send = ask('sqs:SendMessage', queue);
const decrypt = ask('kms:Decrypt', key);
const mayDecrypt = [allow('kms:Decrypt', key)];
const maySend = [allow('sqs:SendMessage', queue)];
const tlsOnly = {
  Effect: 'Deny',
  Action: 'sqs:*',
  Resource: queue,
  Principal: { AWS: '*' },
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
const fromTopic = {
  ...allow('sqs:SendMessage', queue, { ArnEquals: { 'aws:SourceArn': topic } }),
  Principal: { Service: 'sns.amazonaws.com' },
};
const sns = 'sns.amazonaws.com';
const sentFor = (source: string): Ask => ask('sqs:SendMessage', queue, { 'aws:SourceArn': source });
const plain = ask('sqs:SendMessage', queue, { 'aws:SecureTransport': 'false' });
const overTls = ask('sqs:SendMessage', queue, { 'aws:SecureTransport': 'true' });

const cases: [string, Case, Verdict][] = [
  ['a role alone', { identity: maySend, asked: send }, yes],
  ['a role within its boundary', { identity: maySend, boundary: [allow('sqs:*', '*')], asked: send }, yes],
  ['a role beyond its boundary', { identity: maySend, boundary: [allow('sns:*', '*')], asked: send }, no],
  ['a boundary, which grants nothing itself', { boundary: maySend, asked: send }, no],
  [
    'a boundary that denies',
    { identity: maySend, boundary: [allow('*', '*'), { ...allow('sqs:*', '*'), Effect: 'Deny' }], asked: send },
    'denied',
  ],
  [
    'a role by its name in the policy of the queue',
    { resource: [{ ...maySend[0], Principal: { AWS: role } }], asked: send },
    yes,
  ],
  ['another role by its name', { resource: [{ ...maySend[0], Principal: { AWS: `${role}2` } }], asked: send }, no],
  ['a role over TLS', { identity: maySend, resource: [tlsOnly], asked: overTls }, yes],
  ['a role without TLS', { identity: maySend, resource: [tlsOnly], asked: plain }, 'denied'],
  ['a topic that the queue lets in', { resource: [fromTopic], asked: sentFor(topic), caller: sns }, yes],
  ['another topic', { resource: [fromTopic], asked: sentFor(`${topic}2`), caller: sns }, no],
  ['another service', { resource: [fromTopic], asked: sentFor(topic), caller: 'events.amazonaws.com' }, no],
  [
    'a topic without TLS',
    {
      resource: [fromTopic, tlsOnly],
      asked: { ...plain, context: { ...plain.context, 'aws:SourceArn': topic } },
      caller: sns,
    },
    'denied',
  ],
  ['a topic where the queue says nothing', { asked: sentFor(topic), caller: sns }, no],
  [
    'a key that leaves it to the account',
    { identity: mayDecrypt, resource: [{ ...allow('kms:*', '*'), Principal: root }], asked: decrypt },
    yes,
  ],
  [
    'such a key, and a role without the right',
    { resource: [{ ...allow('kms:*', '*'), Principal: root }], asked: decrypt },
    no,
  ],
  ['a key that leaves it to nobody', { identity: mayDecrypt, resource: [], asked: decrypt }, no],
  [
    'a key that leaves less to the account',
    { identity: mayDecrypt, resource: [{ ...allow('kms:Encrypt', '*'), Principal: root }], asked: decrypt },
    no,
  ],
  [
    'a key that leaves it to another account',
    {
      identity: mayDecrypt,
      resource: [{ ...allow('kms:*', '*'), Principal: { AWS: 'arn:aws:iam::999:root' } }],
      asked: decrypt,
    },
    no,
  ],
  ['a key that names the role', { resource: [{ ...mayDecrypt[0], Principal: { AWS: role } }], asked: decrypt }, yes],
];

const read = (Statement: Given[] | undefined): Statement[] | null =>
  Statement === undefined ? null : readStatements({ Statement });

it.each(cases)('all policies together: %s', (_, { identity, boundary, resource, asked, caller = role }, verdict) => {
  const policies = { identity: read(identity) ?? [], boundary: read(boundary), resource: read(resource) };
  expect(evaluateAll(policies, asked, caller)).toBe(verdict);
});
