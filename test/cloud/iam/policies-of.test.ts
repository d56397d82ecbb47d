import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import { policiesOf, policiesOfRole } from './policies-of.ts';
import { namesIn, resolve, type Template } from './resolve.ts';

const place = { partition: 'aws', account: '111122223333', region: 'eu-west-1' };
const names = new Map([
  ['AWS::Region', 'eu-west-1'],
  ['Queue', 'http://127.0.0.1:4100/1/ticks'],
  ['Queue.Arn', 'arn:aws:sqs:eu-west-1:1:ticks'],
]);

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: Fn::Sub spells references so */
const resolved: [string, unknown, unknown][] = [
  ['a Ref', { Ref: 'Queue' }, 'http://127.0.0.1:4100/1/ticks'],
  ['a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-west-1'],
  ['a GetAtt', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:aws:sqs:eu-west-1:1:ticks'],
  ['a GetAtt with a dot', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn:aws:sqs:eu-west-1:1:ticks'],
  ['a Join', { 'Fn::Join': ['/', [{ Ref: 'AWS::Region' }, 'x', { 'Fn::Join': ['', ['y', 'z']] }]] }, 'eu-west-1/x/yz'],
  ['a Sub', { 'Fn::Sub': '${AWS::Region}/${Queue.Arn}/${!left}' }, 'eu-west-1/arn:aws:sqs:eu-west-1:1:ticks/${left}'],
  [
    'a Sub with its own names',
    { 'Fn::Sub': ['${a}-${AWS::Region}', { a: { Ref: 'AWS::Region' } }] },
    'eu-west-1-eu-west-1',
  ],
  [
    'what is deep inside',
    { a: [{ b: { Ref: 'AWS::Region' }, c: 1 }], d: null },
    { a: [{ b: 'eu-west-1', c: 1 }], d: null },
  ],
];
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: Fn::Sub spells references so */

describe('references of a template', () => {
  it.each(resolved)('follows %s', (_, value, wanted) => {
    expect(resolve(value, names)).toEqual(wanted);
  });
  it('rejects names that nobody gives, and functions that are not modelled', () => {
    expect(() => resolve({ Ref: 'Other' }, names)).toThrow('nobody says what Other is');
    expect(() => resolve({ 'Fn::GetAtt': ['Queue', 'QueueName'] }, names)).toThrow('Queue.QueueName');
    expect(() => resolve({ 'Fn::If': ['a', 'b', 'c'] }, names)).toThrow('Fn::If is not resolved here');
  });
});

const service = (name: string) => ({
  Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: name } },
});
const allowing = (Action: string) => ({
  Statement: [{ Effect: 'Allow', Action, Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] } }],
});
const template: Template = {
  Resources: {
    Queue: { Type: 'AWS::SQS::Queue' },
    Fn: { Type: 'AWS::Lambda::Function', Properties: { Role: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: service('lambda.amazonaws.com'),
        Policies: [{ PolicyName: 'own', PolicyDocument: allowing('sqs:SendMessage') }],
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess', { Ref: 'Managed' }],
      },
    },
    Other: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: service('ec2.amazonaws.com') } },
    Policy: {
      Type: 'AWS::IAM::Policy',
      Properties: { Roles: [{ Ref: 'Role' }], PolicyDocument: allowing('sqs:ReceiveMessage') },
    },
    NotOurs: {
      Type: 'AWS::IAM::Policy',
      Properties: { Roles: [{ Ref: 'Other' }], PolicyDocument: allowing('sqs:PurgeQueue') },
    },
    Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: { Roles: [{ Ref: 'Role' }] } },
  },
};
const made = namesIn(template, place);

describe('the policies of a function', () => {
  const policies = policiesOf(template, made)['Fn'];
  const may = (action: string): string =>
    evaluate(policies?.statements ?? [], { action, resource: 'arn:aws:sqs:eu-west-1:111122223333:Queue', context: {} });
  it('are those inside its role and those attached to it, and no other role’s', () => {
    expect(['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:PurgeQueue'].map(may)).toEqual([
      'allowed',
      'allowed',
      'not allowed',
    ]);
  });
  it('list what is managed, attached from either side', () => {
    const managed = 'arn:aws:iam::111122223333:policy/Managed';
    expect(policies?.managed).toEqual(['arn:aws:iam::aws:policy/ReadOnlyAccess', managed, managed]);
  });
  it('say who may take the role', () => {
    expect(policies?.trust[0]?.principals).toEqual(['lambda.amazonaws.com']);
    expect(policies?.role_arn).toBe('arn:aws:iam::111122223333:role/Role');
  });
  it('rejects what is no role, a role from elsewhere, and a boundary from elsewhere', () => {
    expect(() => policiesOfRole(template, made, 'Queue')).toThrow('Queue is no role');
    const elsewhere: Template = { Resources: { Fn: { Type: 'AWS::Lambda::Function', Properties: { Role: 'arn:x' } } } };
    expect(() => policiesOf(elsewhere, made)).toThrow('a role from elsewhere');
    const bounded = structuredClone(template);
    Object.assign(bounded.Resources['Role']?.Properties ?? {}, { PermissionsBoundary: 'arn:x' });
    expect(() => policiesOf(bounded, made)).toThrow('boundary from elsewhere');
  });
});
