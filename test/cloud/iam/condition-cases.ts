import type { Ask, Verdict } from './evaluate.ts';
import { allow, ask, at, type Given, group, no, topic, yes } from './evaluate-cases.ts';

const when = (Condition: unknown): Given[] => [allow('sns:Publish', topic, Condition)];
const publishing = (context: Ask['context']): Ask => ask('sns:Publish', topic, context);

/** Conditions of one statement, what a request says, and what IAM says. */
export const conditionCases: [string, Given[], Ask, Verdict][] = [
  [
    'Bool of true as a boolean',
    when({ Bool: { 'aws:SecureTransport': true } }),
    publishing({ 'aws:SecureTransport': 'True' }),
    yes,
  ],
  [
    'StringEquals of one of several',
    when({ StringEquals: { 'aws:SourceAccount': ['1', '2'] } }),
    publishing({ 'aws:SourceAccount': '2' }),
    yes,
  ],
  [
    'StringEquals of none of several',
    when({ StringEquals: { 'aws:SourceAccount': ['1', '2'] } }),
    publishing({ 'aws:SourceAccount': '3' }),
    no,
  ],
  ['StringEquals minds the case', when({ StringEquals: { 'aws:x': 'a' } }), publishing({ 'aws:x': 'A' }), no],
  ['StringEquals takes a star as a star', when({ StringEquals: { 'aws:x': 'a*' } }), publishing({ 'aws:x': 'ab' }), no],
  [
    'keys in another case',
    when({ StringEquals: { 'AWS:sourceaccount': '1' } }),
    publishing({ 'aws:SourceAccount': '1' }),
    yes,
  ],
  ['StringEquals without the key', when({ StringEquals: { 'aws:x': 'a' } }), publishing({}), no],
  ['StringEqualsIfExists without the key', when({ StringEqualsIfExists: { 'aws:x': 'a' } }), publishing({}), yes],
  [
    'StringEqualsIfExists with another value',
    when({ StringEqualsIfExists: { 'aws:x': 'a' } }),
    publishing({ 'aws:x': 'b' }),
    no,
  ],
  ['StringLike', when({ StringLike: { 'aws:x': 'a*c?' } }), publishing({ 'aws:x': 'a:b/cd' }), yes],
  ['StringLike of something else', when({ StringLike: { 'aws:x': 'a*c?' } }), publishing({ 'aws:x': 'a:b/c' }), no],
  [
    'ArnLike',
    when({ ArnLike: { 'aws:SourceArn': at('scheduler', 'schedule/ours/*') } }),
    publishing({ 'aws:SourceArn': at('scheduler', 'schedule/ours/a') }),
    yes,
  ],
  [
    'ArnLike has no star across parts',
    when({ ArnLike: { 'aws:SourceArn': 'arn:aws:*:schedule/ours' } }),
    publishing({ 'aws:SourceArn': at('scheduler', 'schedule/ours') }),
    no,
  ],
  ['ArnEquals', when({ ArnEquals: { 'aws:SourceArn': group } }), publishing({ 'aws:SourceArn': group }), yes],
  [
    'ArnEquals of another',
    when({ ArnEquals: { 'aws:SourceArn': group } }),
    publishing({ 'aws:SourceArn': `${group}2` }),
    no,
  ],
  ['all keys of an operator', when({ StringEquals: { 'aws:x': 'a', 'aws:y': 'b' } }), publishing({ 'aws:x': 'a' }), no],
  [
    'all operators',
    when({ StringEquals: { 'aws:x': 'a' }, Bool: { 'aws:y': 'true' } }),
    publishing({ 'aws:x': 'a', 'aws:y': 'false' }),
    no,
  ],
];
