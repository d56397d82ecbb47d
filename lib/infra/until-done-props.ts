import { type RemovalPolicy, type Stack, Token } from 'aws-cdk-lib';
import type { IManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { ConfigError } from '../core/errors.ts';
import { type EventType, eventTypes } from '../core/job.ts';
import type { SlackChannel } from './announcements.ts';
import type { ApiAuth } from './jobs-api.ts';

/** Everything has a default: `new UntilDone(this, 'UntilDone')` is a deployment. */
export type UntilDoneProps = {
  /** The object that the embedded engine reads from `untildone.config.json`, checked at synth. Default: no connections. */
  configuration?: unknown;
  /** Names the deployment in logs, metrics, alarms. Default: the stack's name. */
  service?: string;
  /** Default: IAM, signed requests. */
  auth?: ApiAuth;
  /** Get a mail of the events in `emailsOn`, once they have confirmed. */
  emails?: readonly string[];
  /** Which events are mailed. Default: `settled`, as for every target. */
  emailsOn?: readonly EventType[];
  /** Through Amazon Q Developer in chat applications. */
  slackChannel?: SlackChannel;
  /** `secretsmanager:ARN[#key]` or `ssm:NAME` of a Slack incoming webhook: the same as a target under `announce.slack`. */
  slackWebhookSecret?: string;
  /** Takes the outcomes instead of a topic of our own. */
  existingTopic?: ITopic;
  /** Encrypts table, queues and topics; the stack must name its Region. Default: keys that AWS owns. */
  encryptionKey?: IKey;
  /** Keys of customers that the configured secrets are stored under. */
  secretKeys?: readonly IKey[];
  /** Default: 30 days. */
  logRetention?: RetentionDays;
  /** Of the table, the only thing that outlives the stack. Default: RETAIN, with deletion protection; DESTROY takes both away. */
  removalPolicy?: RemovalPolicy;
  /** Bounds every role made here. */
  permissionsBoundary?: IManagedPolicy;
  /** Of the API, over all callers. Default: 50 requests a second, 100 at once. */
  throttle?: { ratePerSecond: number; burst: number };
  /**
   * Batches of ten at once for `poll` (default 40) and `deliver` (10), 2–1000; environments reserved for the others.
   * Default: nothing reserved, since young accounts have too few to reserve any.
   */
  concurrency?: { poll?: number; deliver?: number; start?: number; status?: number; cancel?: number; mcp?: number };
  /**
   * Minutes between the heartbeats of jobs whose checks the tick queue carries, 1–5: those checked more often than once a minute,
   * and those checked at least a minute more often than this. Rarer is cheaper, and finds a broken chain later. Default: 1.
   */
  watchdogMinutes?: number;
  /** The most that `?wait_seconds` and the waiting MCP tools hold an answer, 0–25. Default: 25. */
  longPollSeconds?: number;
  /** True stops everything that costs: nothing is started, checked, delivered or swept; jobs can still be read. Default: false. */
  killSwitch?: boolean;
  /** Hears of alarms. Default: they only show. */
  alarmTopic?: ITopic;
  /** Where callers reach the API, if not by API Gateway's own address. */
  publicUrl?: string;
  /** Where `docs/runbook.md` is read. */
  runbookUrl?: string;
  /** For the local cloud only: lets connections and targets be on this machine. Default: false. */
  allowLoopback?: boolean;
};

/** Throws ConfigError for numbers and addresses that the services would refuse halfway through a deployment, and for what `stack` cannot have. */
export function checkProps(props: UntilDoneProps, stack: Stack): void {
  const problems: string[] = [];
  const within = (name: string, value: number | undefined, low: number, high: number): void => {
    if (value !== undefined && !(Number.isInteger(value) && value >= low && value <= high))
      problems.push(`${name} is ${value}; give a whole number from ${low} to ${high}`);
  };
  within('watchdogMinutes', props.watchdogMinutes, 1, 5);
  within('longPollSeconds', props.longPollSeconds, 0, 25);
  within('concurrency.poll', props.concurrency?.poll, 2, 1000);
  within('concurrency.deliver', props.concurrency?.deliver, 2, 1000);
  for (const name of ['start', 'status', 'cancel', 'mcp'] as const)
    within(`concurrency.${name}`, props.concurrency?.[name], 1, 1000);
  within('throttle.ratePerSecond', props.throttle?.ratePerSecond, 1, 10_000);
  within('throttle.burst', props.throttle?.burst, 1, 5_000);
  for (const email of props.emails ?? [])
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) problems.push(`emails has "${email}", which is no address`);
  for (const type of props.emailsOn ?? [])
    if (!eventTypes.includes(type)) problems.push(`emailsOn has "${type}"; there are ${eventTypes.join(', ')}`);
  if (props.emailsOn?.length === 0) problems.push('emailsOn is empty; name an event, or leave out emails');
  if (props.encryptionKey !== undefined && Token.isUnresolved(stack.region))
    problems.push(
      `encryptionKey needs a stack with a Region, and "${stack.stackName}" has none; give it one, as env: { region: 'eu-west-1' }`,
    );
  const { auth, slackChannel } = props;
  if (auth?.type === 'jwt') {
    if (!/^https:\/\/[^/\s]+/.test(auth.issuer)) problems.push(`auth.issuer is "${auth.issuer}"; give its https URL`);
    if (auth.audience.length === 0) problems.push('auth.audience is empty; without one, tokens for anybody would do');
  }
  if (auth?.type === 'tokenAuthorizer') within('auth.cacheSeconds', auth.cacheSeconds, 0, 3600);
  if (slackChannel !== undefined && !/^[0-9A-Z]{1,255}$/.test(slackChannel.workspaceId))
    problems.push(
      `slackChannel.workspaceId is "${slackChannel.workspaceId}"; copy it from the console, as T012ABCDEFG`,
    );
  if (slackChannel !== undefined && !/^[A-Za-z0-9]+$/.test(slackChannel.channelId))
    problems.push(
      `slackChannel.channelId is "${slackChannel.channelId}"; copy the end of the channel's link, as C012ABCDEFG`,
    );
  if (problems.length > 0) throw new ConfigError(['UntilDone cannot be deployed:', ...problems].join('\n  '));
}
