import { Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { HandlerFunction } from './handler-function.ts';

/** Lets a function write a rotated refresh token back to exactly these secrets of Secrets Manager. */
export function grantWriteBack(fn: HandlerFunction, references: readonly string[], keys: readonly IKey[]): void {
  const secrets = new Set(
    references.map((reference) => reference.replace(/^secretsmanager:/, '').split('#', 1)[0] ?? ''),
  );
  if (secrets.size === 0) return;
  fn.allow(['secretsmanager:PutSecretValue'], [...secrets]);
  if (keys.length > 0)
    fn.allow(
      ['kms:GenerateDataKey'],
      keys.map((key) => key.keyArn),
    );
}

/** Lets a function read exactly these secrets, each by its own ARN; and use the keys of customers they are stored under. */
export function grantSecrets(fn: HandlerFunction, references: readonly string[], keys: readonly IKey[]): void {
  const { account, partition, region } = Stack.of(fn);
  const secrets = new Set<string>();
  const parameters = new Set<string>();
  for (const reference of references) {
    const named = reference.slice(reference.indexOf(':') + 1);
    if (reference.startsWith('secretsmanager:')) secrets.add(named.split('#', 1)[0] ?? named);
    else parameters.add(`arn:${partition}:ssm:${region}:${account}:parameter/${named.replace(/^\//, '')}`);
  }
  if (secrets.size > 0) fn.allow(['secretsmanager:GetSecretValue'], [...secrets]);
  if (parameters.size > 0) fn.allow(['ssm:GetParameter'], [...parameters]);
  if (secrets.size + parameters.size > 0 && keys.length > 0)
    fn.allow(
      ['kms:Decrypt'],
      keys.map((key) => key.keyArn),
    );
}
