import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { env } from '../env.ts';
import { Alarms } from './alarms.ts';
import { Announcements } from './announcements.ts';
import { oauthNeeds, readCloudConfiguration, secretReferences } from './cloud-configuration.ts';
import { Dashboard } from './dashboard.ts';
import type { FunctionName } from './function-names.ts';
import { HandlerFunction, type HandlerFunctionProps } from './handler-function.ts';
import { JobTable } from './job-table.ts';
import { JobsApi } from './jobs-api.ts';
import { grantSecrets, grantWriteBack } from './secret-grants.ts';
import { SweepSchedule } from './sweep-schedule.ts';
import { TickQueue } from './tick-queue.ts';
import { TickSchedules } from './tick-schedules.ts';
import { TokenKey } from './token-key.ts';
import { checkProps, type UntilDoneProps } from './until-done-props.ts';

export type { UntilDoneProps };

/** Requests end within API Gateway's 30 s. A check ends within its lease of 45 s, its remote calls within 25 s. */
const timeouts = {
  start: Duration.seconds(29),
  status: Duration.seconds(29),
  cancel: Duration.seconds(29),
  mcp: Duration.seconds(29),
  poll: Duration.seconds(40),
  // A whole attempt is 15 s, reading its secret and writing down what came of it apart.
  deliver: Duration.seconds(30),
  sweep: Duration.minutes(4),
};

const descriptions: Record<FunctionName, string> = {
  start: 'records a job, gives it a heartbeat, starts it or looks at it',
  status: 'reads jobs, inboxes and kinds',
  cancel: 'writes the wish to cancel and wakes the job',
  mcp: 'offers starting, reading and cancelling as tools to agents',
  poll: 'checks the jobs whose ticks arrive, and settles them',
  deliver: 'tells single targets, again until they have heard',
  sweep: 'finds active jobs that nothing wakes',
};

/**
 * Watches long-running jobs until they are done, and tells what happened, once.
 *
 *   API → start → table, schedule, queue → poll → … → settled → topic, deliveries → schedule deleted
 *         status, cancel, mcp              ↑ sweep                  deliver
 */
export class UntilDone extends Construct {
  readonly jobs: JobTable;
  readonly ticks: TickQueue;
  readonly schedules: TickSchedules;
  readonly announcements: Announcements;
  readonly api: JobsApi;
  readonly functions: Record<FunctionName, HandlerFunction>;
  readonly alarms: Alarms;

  /** Throws ConfigError for what could not work once deployed. */
  constructor(scope: Construct, id: string, props: UntilDoneProps = {}) {
    super(scope, id);
    checkProps(props, Stack.of(this));
    const { encryptionKey, concurrency = {}, killSwitch = false, allowLoopback = false } = props;
    const service = props.service ?? Stack.of(this).stackName;
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH;
    const enabled = !killSwitch;
    const shipped = readCloudConfiguration(withSlackWebhook(props), { allowLoopback });
    if (props.permissionsBoundary !== undefined) PermissionsBoundary.of(this).apply(props.permissionsBoundary);

    this.jobs = new JobTable(this, 'Jobs', { removalPolicy, encryptionKey });
    this.ticks = new TickQueue(this, 'Ticks', { functionTimeout: timeouts.poll, encryptionKey });
    this.schedules = new TickSchedules(this, 'Schedules', {
      tickQueue: this.ticks.queue,
      watchdogMinutes: props.watchdogMinutes ?? 1,
      encryptionKey,
    });
    this.announcements = new Announcements(this, 'Announcements', {
      service,
      emails: props.emails ?? [],
      emailsOn: props.emailsOn ?? ['settled'],
      slackChannel: props.slackChannel,
      existingTopic: props.existingTopic,
      functionTimeout: timeouts.deliver,
      encryptionKey,
    });
    this.api = new JobsApi(this, 'Api', {
      auth: props.auth ?? { type: 'iam' },
      throttle: props.throttle ?? { ratePerSecond: 50, burst: 100 },
      logRetention,
      publicUrl: props.publicUrl,
    });

    const define = (name: FunctionName, id: string, more: Partial<HandlerFunctionProps> = {}): HandlerFunction =>
      new HandlerFunction(this, id, {
        name,
        description: descriptions[name],
        timeout: timeouts[name],
        shipped,
        logRetention,
        service,
        ...more,
      });
    const start = define('start', 'Start', { reservedConcurrency: killSwitch ? 0 : concurrency.start });
    const status = define('status', 'Status', { reservedConcurrency: concurrency.status });
    const cancel = define('cancel', 'Cancel', { reservedConcurrency: concurrency.cancel });
    // Its tools start jobs too, so that it stops with the start function.
    const mcp = define('mcp', 'Mcp', { reservedConcurrency: killSwitch ? 0 : concurrency.mcp });
    const poll = define('poll', 'Poll', { feedsItself: true });
    const deliver = define('deliver', 'Deliver', { feedsItself: true });
    const sweep = define('sweep', 'Sweep');
    this.functions = { start, status, cancel, mcp, poll, deliver, sweep };

    const secrets = secretReferences(shipped);
    const secretKeys = props.secretKeys ?? [];

    this.api.serve('start', start);
    this.jobs.grantReadWrite(start);
    this.jobs.grantListActive(start);
    this.schedules.grantCreate(start);
    this.schedules.grantDelete(start);
    this.ticks.grantSend(start);
    this.announcements.grantPublish(start);
    grantSecrets(start, secrets.connections, secretKeys);

    this.api.serve('status', status);
    this.jobs.grantRead(status);
    this.jobs.grantListOwned(status);
    const longestWait = { [env.longPollSeconds]: String(props.longPollSeconds ?? 25) };
    status.tell(longestWait);

    this.api.serve('cancel', cancel);
    this.jobs.grantReadWrite(cancel);
    this.schedules.grantDelete(cancel);
    this.ticks.grantSend(cancel);
    this.announcements.grantPublish(cancel);

    this.api.serve('mcp', mcp);
    this.jobs.grantReadWrite(mcp);
    this.jobs.grantListOwned(mcp);
    this.schedules.grantCreate(mcp);
    this.schedules.grantDelete(mcp);
    this.ticks.grantSend(mcp);
    this.announcements.grantPublish(mcp);
    grantSecrets(mcp, secrets.connections, secretKeys);
    mcp.tell(longestWait);

    this.ticks.feed(poll, { enabled, concurrency: concurrency.poll });
    this.jobs.grantReadWrite(poll);
    this.schedules.grantDelete(poll);
    this.ticks.grantSend(poll);
    this.announcements.grantPublish(poll);
    grantSecrets(poll, secrets.connections, secretKeys);

    const oauth = oauthNeeds(shipped);
    if (oauth.used) {
      const tokenKey = new TokenKey(this, 'TokenKey', { removalPolicy, encryptionKey });
      for (const fn of [start, mcp, poll]) {
        tokenKey.grantUse(fn);
        grantWriteBack(fn, oauth.rotated, secretKeys);
      }
    }

    this.announcements.feed(deliver, { enabled, concurrency: concurrency.deliver ?? 10 });
    this.jobs.grantUpdate(deliver);
    grantSecrets(deliver, secrets.targets, secretKeys);

    new SweepSchedule(this, 'SweepSchedule', { sweep, enabled });
    this.jobs.grantRead(sweep);
    this.jobs.grantListActive(sweep);
    this.schedules.grantCreate(sweep);
    this.ticks.grantSend(sweep);

    // Descriptors and announcements carry links to the job.
    for (const fn of [start, status, cancel, mcp, poll]) this.api.tellAddress(fn);

    this.alarms = new Alarms(this, 'Alarms', {
      service,
      killSwitch,
      api: this.api.api,
      tickQueue: this.ticks.queue,
      functions: this.functions,
      deadLetters: {
        ticks: this.ticks.deadLetters,
        schedules: this.schedules.deadLetters,
        deliveries: this.announcements.deadLetters,
      },
      alarmTopic: props.alarmTopic,
      runbookUrl: props.runbookUrl ?? 'docs/runbook.md',
    });
    new Dashboard(this, 'Dashboard', {
      service,
      alarms: this.alarms,
      api: this.api,
      tickQueue: this.ticks.queue,
      functions: this.functions,
    });
  }
}

/** The secret of a Slack webhook is one more target of the configuration. */
function withSlackWebhook({ configuration = {}, slackWebhookSecret }: UntilDoneProps): unknown {
  if (slackWebhookSecret === undefined || typeof configuration !== 'object' || configuration === null)
    return configuration;
  const announce = 'announce' in configuration ? configuration.announce : {};
  if (typeof announce !== 'object' || announce === null) return configuration;
  const slack = 'slack' in announce && Array.isArray(announce.slack) ? announce.slack : [];
  return {
    ...configuration,
    announce: { ...announce, slack: [...slack, { name: 'slack', webhook_url: slackWebhookSecret }] },
  };
}
