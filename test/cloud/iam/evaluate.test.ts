import { describe, expect, it } from 'vitest';
import { conditionCases } from './condition-cases.ts';
import { type Ask, evaluate, evaluateTrust, type Verdict } from './evaluate.ts';
import { allow, ask, at, cases, type Given, group, no, queue, role, yes } from './evaluate-cases.ts';
import { readStatements } from './statements.ts';

describe('the evaluator', () => {
  it.each([...cases, ...conditionCases])('%s', (_, statements, asked, verdict) => {
    expect(evaluate(readStatements({ Statement: statements }), asked)).toBe(verdict);
  });
});

const trust = (Principal: unknown): Given => ({
  Effect: 'Allow',
  Action: 'sts:AssumeRole',
  Principal,
  Condition: { StringEquals: { 'aws:SourceAccount': '111122223333', 'aws:SourceArn': group } },
});
const ours = { 'aws:SourceAccount': '111122223333', 'aws:SourceArn': group };
const scheduler = 'scheduler.amazonaws.com';
const trusted: [string, unknown, string, Ask['context'], Verdict][] = [
  ['the service, for our group in our account', { Service: scheduler }, scheduler, ours, yes],
  ['one of several services', { Service: ['lambda.amazonaws.com', scheduler] }, scheduler, ours, yes],
  ['another service', { Service: scheduler }, 'lambda.amazonaws.com', ours, no],
  ['for another account', { Service: scheduler }, scheduler, { ...ours, 'aws:SourceAccount': '999' }, no],
  ['for another group', { Service: scheduler }, scheduler, { ...ours, 'aws:SourceArn': `${group}2` }, no],
  [
    'for a single schedule',
    { Service: scheduler },
    scheduler,
    { ...ours, 'aws:SourceArn': at('scheduler', 'schedule/ours/a') },
    no,
  ],
  ['for nobody named', { Service: scheduler }, scheduler, {}, no],
];

describe('who may take a role', () => {
  it.each(trusted)('%s', (_, principal, service, context, verdict) => {
    expect(evaluateTrust(readStatements({ Statement: trust(principal) }), { service, context })).toBe(verdict);
  });
});

const fine = allow('sqs:SendMessage', queue);
const unreadable: [string, unknown][] = [
  ['NotAction', { Effect: 'Allow', NotAction: 'sqs:SendMessage', Resource: queue }],
  ['NotResource', { Effect: 'Allow', Action: 'sqs:SendMessage', NotResource: queue }],
  ['NotPrincipal', { ...fine, NotPrincipal: '*' }],
  ['an element that nobody knows', { ...fine, Resources: queue }],
  ['an operator that nobody needs', { ...fine, Condition: { NumericLessThan: { 'aws:x': '1' } } }],
  ['an operator of sets', { ...fine, Condition: { 'ForAllValues:StringEquals': { 'aws:x': '1' } } }],
  ['an effect of another kind', { ...fine, Effect: 'allow' }],
  ['no resource', { Effect: 'Allow', Action: 'sqs:SendMessage' }],
  ['an empty list', { ...fine, Action: [] }],
  ['a reference left unresolved', { ...fine, Resource: { Ref: 'Queue' } }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable is spelled so
  ['a policy variable', { ...fine, Resource: 'arn:aws:s3:::${aws:username}' }],
  ['a principal of another kind', { ...fine, Principal: { Federated: 'login.example.com' } }],
];

describe('what the evaluator does not understand', () => {
  it.each(unreadable)('rejects %s', (_, statement) => {
    expect(() => readStatements({ Statement: [statement] })).toThrow(/support|effect|neither|empty|unresolved/);
  });
  it('rejects a trust policy where a role’s own is asked', () => {
    const statements = readStatements({ Statement: trust({ Service: scheduler }) });
    expect(() => evaluate(statements, ask('sts:AssumeRole', role))).toThrow('no policy of a role');
  });
});
