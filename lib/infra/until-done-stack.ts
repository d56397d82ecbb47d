import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { UntilDone, type UntilDoneProps } from './until-done.ts';

/** A deployment of its own: the construct, and what a person needs to use it. */
export class UntilDoneStack extends Stack {
  readonly untilDone: UntilDone;

  constructor(scope: Construct, id: string, props: StackProps & { untilDone?: UntilDoneProps } = {}) {
    const { untilDone, ...stack } = props;
    super(scope, id, { description: 'untildone: watches long-running jobs until they are done', ...stack });
    this.untilDone = new UntilDone(this, 'UntilDone', untilDone);
    const { api, jobs, announcements, ticks, schedules, functions } = this.untilDone;
    new CfnOutput(this, 'Endpoint', { value: api.url, description: 'set UNTILDONE_ENDPOINT to it' });
    new CfnOutput(this, 'OutcomesTopic', { value: announcements.outcomes.topicArn });
    new CfnOutput(this, 'JobTable', { value: jobs.table.tableName, description: 'stays when the stack goes' });
    // What the runbook's commands ask for by name.
    new CfnOutput(this, 'ScheduleGroup', { value: schedules.group.scheduleGroupName });
    const queues = {
      TickQueue: ticks.queue,
      TickDeadLetters: ticks.deadLetters,
      ScheduleDeadLetters: schedules.deadLetters,
      DeliveryQueue: announcements.deliveryQueue,
      DeliveryDeadLetters: announcements.deadLetters,
    };
    for (const [name, { queueUrl }] of Object.entries(queues)) new CfnOutput(this, name, { value: queueUrl });
    const logs = {
      AccessLog: api.log,
      StartLog: functions.start.logGroup,
      StatusLog: functions.status.logGroup,
      CancelLog: functions.cancel.logGroup,
      PollLog: functions.poll.logGroup,
      DeliverLog: functions.deliver.logGroup,
      SweepLog: functions.sweep.logGroup,
    };
    for (const [name, { logGroupName }] of Object.entries(logs)) new CfnOutput(this, name, { value: logGroupName });
  }
}
