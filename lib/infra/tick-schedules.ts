import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { env } from '../env.ts';
import { acknowledgeDeadLetters, acknowledgeScheduleNames } from './acknowledge-findings.ts';
import { deadLetterQueue } from './guarded-queue.ts';
import type { HandlerFunction } from './handler-function.ts';

export type TickSchedulesProps = {
  /** Where heartbeats go. */
  tickQueue: IQueue;
  /** Minutes between the heartbeats of jobs that are checked more often than once a minute, 1–5. */
  watchdogMinutes: number;
  encryptionKey?: IKey | undefined;
};

/** A group of its own for the schedules of jobs, which functions make and delete; and the role in which they send. */
export class TickSchedules extends Construct {
  readonly group: ScheduleGroup;
  readonly role: Role;
  readonly deadLetters: Queue;
  readonly #props: TickSchedulesProps;

  constructor(scope: Construct, id: string, props: TickSchedulesProps) {
    super(scope, id);
    this.#props = props;
    // Goes with the stack, and every schedule in it: a heartbeat without its queue wakes nobody.
    this.group = new ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', props.encryptionKey);
    acknowledgeDeadLetters(this.deadLetters);
    const { account } = Stack.of(this);
    this.role = new Role(this, 'Role', {
      description: 'untildone schedules: send heartbeats to the tick queue',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        // Against the confused deputy. It must be the group's ARN: the service compares no schedule's.
        conditions: {
          StringEquals: {
            'aws:SourceAccount': account,
            'aws:SourceArn': this.group.scheduleGroupArn,
          },
        },
      }),
    });
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['sqs:SendMessage'],
        resources: [props.tickQueue.queueArn, this.deadLetters.queueArn],
      }),
    );
    if (props.encryptionKey !== undefined)
      this.role.addToPolicy(
        new PolicyStatement({
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: [props.encryptionKey.keyArn],
        }),
      );
  }

  /** Making schedules that send in our one role. */
  grantCreate(fn: HandlerFunction): void {
    const { tickQueue, watchdogMinutes } = this.#props;
    acknowledgeScheduleNames(fn.role, this.#schedules());
    fn.allow(['scheduler:CreateSchedule'], [this.#schedules()], {
      [env.scheduleGroup]: this.group.scheduleGroupName,
      [env.scheduleTargetArn]: tickQueue.queueArn,
      [env.scheduleRoleArn]: this.role.roleArn,
      [env.scheduleDeadLetterArn]: this.deadLetters.queueArn,
      [env.watchdogMinutes]: String(watchdogMinutes),
    });
    fn.fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [this.role.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      }),
    );
  }

  /** Deleting them. */
  grantDelete(fn: HandlerFunction): void {
    acknowledgeScheduleNames(fn.role, this.#schedules());
    fn.allow(['scheduler:DeleteSchedule'], [this.#schedules()], {
      [env.scheduleGroup]: this.group.scheduleGroupName,
    });
  }

  /** Names come with the jobs, so a policy can name the group only. */
  #schedules(): string {
    const { account, partition, region } = Stack.of(this);
    return `arn:${partition}:scheduler:${region}:${account}:schedule/${this.group.scheduleGroupName}/*`;
  }
}
