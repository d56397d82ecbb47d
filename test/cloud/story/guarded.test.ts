import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { expect, it } from 'vitest';
import { cloudStory } from './cloud-story.ts';
import { state } from './remote.ts';

const services = ['dynamodb', 'sqs', 'sns', 'scheduler', 'lambda', 'logs', 'ssm', 'secretsmanager'];
const bounded = [...services.map((service) => `${service}:*`), 'iam:PassRole', 'kms:Decrypt', 'kms:GenerateDataKey'];

it('a job is told of where a key encrypts everything and a boundary is round every role', async () => {
  const story = await cloudStory({
    properties: (stack) => ({
      encryptionKey: new Key(stack, 'OwnKey'),
      permissionsBoundary: new ManagedPolicy(stack, 'Boundary', {
        statements: [new PolicyStatement({ actions: bounded, resources: ['*'] })],
      }),
    }),
  });
  try {
    const { cloud, gate, remote, time } = story;
    remote.say(({ number }) => state(number < 12 ? 'RUNNING' : 'FINISHED'));
    const job_id = await story.adopt('guarded', { expected_seconds: 100, announce: { targets: ['ops'] } });
    await story.untilOver(job_id, 240);
    await time.until(() => remote.hooks().length === 1, 60);
    await time.advance(120);
    await story.expectOver(job_id, 'guarded');
    // Every role that has to do with what is encrypted has used the key.
    const used = (role: string): boolean =>
      !gate.unused().some((grant) => grant.startsWith(role) && grant.includes('kms:'));
    expect(['Start', 'Status', 'Poll', 'Schedules'].filter((name) => !used(`UntilDone${name}Role`))).toEqual([]);
    const failed = [cloud.dynamo, cloud.queues, cloud.scheduler].flatMap(({ calls }) =>
      calls.filter(({ error }) => error),
    );
    expect(failed).toEqual([]);
  } finally {
    await story.close();
  }
}, 240_000);
