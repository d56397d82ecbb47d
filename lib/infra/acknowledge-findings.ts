import { Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Says, for cdk-nag (AwsSolutions), why schedules are granted as a group: beside the grant, and for this resource only. */
export function acknowledgeScheduleNames(role: Construct, schedules: string): void {
  Validations.of(role).acknowledge({
    id: `AwsSolutions::AwsSolutions-IAM5[Resource::${spelled(Stack.of(role).resolve(schedules))}]`,
    reason:
      'Schedules are made at run time, one a job, so a policy cannot name them. The wildcard ends inside a group that has nothing but them.',
  });
}

/** The same of a queue that holds what another service could not send: it is a dead-letter queue, though of no queue. */
export function acknowledgeDeadLetters(queue: Construct): void {
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions::AwsSolutions-SQS3',
    reason: 'It is the dead-letter queue of the schedules, which name it when they are made.',
  });
}

/** The same of a secret that no human chose and no other system knows. */
export function acknowledgeFixedKey(secret: Construct): void {
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions::AwsSolutions-SMG4',
    reason: 'It is a key, not a credential: what it has sealed could not be opened with the next one.',
  });
}

/** An ARN as the finding spells it: what is known after deployment only, in angle brackets. */
function spelled(arn: unknown): string {
  if (typeof arn === 'string') return arn;
  if (Array.isArray(arn)) return arn.map(spelled).join('');
  if (typeof arn !== 'object' || arn === null) return '';
  if ('Ref' in arn) return `<${String(arn.Ref)}>`;
  return 'Fn::Join' in arn && Array.isArray(arn['Fn::Join']) ? spelled(arn['Fn::Join'][1]) : '';
}
