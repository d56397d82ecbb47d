import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { HandlerFunction } from './handler-function.ts';

/** How often lost jobs are looked for. */
export const sweepMinutes = 5;

/**
 * Runs the sweep every five minutes. Not in the group of the jobs' schedules, which functions may delete from; and by the
 * plain resource, because CDK's own target may invoke every version of the function.
 */
export class SweepSchedule extends Construct {
  constructor(scope: Construct, id: string, { sweep, enabled }: { sweep: HandlerFunction; enabled: boolean }) {
    super(scope, id);
    const { account, partition, region } = Stack.of(this);
    const role = new Role(this, 'Role', {
      description: 'untildone: run the sweep',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': account,
            'aws:SourceArn': `arn:${partition}:scheduler:${region}:${account}:schedule-group/default`,
          },
        },
      }),
    });
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [sweep.fn.functionArn] }));
    new CfnSchedule(this, 'Schedule', {
      description: 'untildone: look for jobs that nobody wakes any more',
      scheduleExpression: `rate(${sweepMinutes} minutes)`,
      flexibleTimeWindow: { mode: 'OFF' },
      state: enabled ? 'ENABLED' : 'DISABLED',
      target: {
        arn: sweep.fn.functionArn,
        roleArn: role.roleArn,
        // The next run is the retry.
        retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 0 },
      },
    });
  }
}
