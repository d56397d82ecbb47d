import { existsSync, readFileSync } from 'node:fs';
import { type App, RemovalPolicy } from 'aws-cdk-lib';
import { ConfigError } from '../core/errors.ts';
import type { EventType } from '../core/job.ts';
import type { ApiAuth } from './jobs-api.ts';
import type { UntilDoneProps } from './until-done-props.ts';

const usual = 'untildone.config.json';

/** What the app can be told with `-c key=value`; anything else is a property of the construct, in an app of one's own. */
const keys = [
  'stack',
  'config',
  'emails',
  'emailsOn',
  'slackWorkspaceId',
  'slackChannelId',
  'slackWebhookSecret',
  'auth',
  'jwtIssuer',
  'jwtAudience',
  'ownerClaim',
  'watchdogMinutes',
  'longPollSeconds',
  'killSwitch',
  'ephemeral',
  'allowLoopback',
] as const;
type Key = (typeof keys)[number];

/** Reads the app's context, and the configuration file it names (`untildone.config.json` if there is one). Throws ConfigError. */
export function readAppContext(app: App): { stack: string; untilDone: UntilDoneProps } {
  const text = (key: Key): string | undefined => {
    const value: unknown = app.node.tryGetContext(key);
    return value === undefined || value === '' ? undefined : String(value);
  };
  const list = (key: Key): string[] => (text(key) ?? '').split(',').filter((one) => one !== '');
  const flag = (key: Key): boolean => {
    const value = text(key) ?? 'false';
    if (value !== 'true' && value !== 'false') throw new ConfigError(`-c ${key}=${value}: write true or false`);
    return value === 'true';
  };
  const given = <Value>(name: string, value: Value | undefined): Record<string, Value> =>
    value === undefined ? {} : { [name]: value };
  const number = (key: Key): number | undefined => (text(key) === undefined ? undefined : Number(text(key)));
  const workspaceId = text('slackWorkspaceId');
  const channelId = text('slackChannelId');
  if ((workspaceId === undefined) !== (channelId === undefined))
    throw new ConfigError('a Slack channel needs both: -c slackWorkspaceId=… -c slackChannelId=…');
  return {
    stack: text('stack') ?? 'UntilDone',
    untilDone: {
      configuration: readFile(text('config')),
      auth: readAuth(text, list('jwtAudience')),
      emails: list('emails'),
      // What is no event is refused with the other properties.
      ...given('emailsOn', text('emailsOn') === undefined ? undefined : (list('emailsOn') as EventType[])),
      killSwitch: flag('killSwitch'),
      allowLoopback: flag('allowLoopback'),
      // For a try: nothing is left when the stack is destroyed.
      removalPolicy: flag('ephemeral') ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      ...given('slackWebhookSecret', text('slackWebhookSecret')),
      ...given('watchdogMinutes', number('watchdogMinutes')),
      ...given('longPollSeconds', number('longPollSeconds')),
      ...(workspaceId === undefined || channelId === undefined ? {} : { slackChannel: { workspaceId, channelId } }),
    },
  };
}

function readAuth(text: (key: Key) => string | undefined, audience: string[]): ApiAuth {
  const auth = text('auth') ?? 'iam';
  if (auth === 'iam') return { type: 'iam' };
  if (auth !== 'jwt')
    throw new ConfigError(
      `-c auth=${auth}: write iam or jwt; a token authorizer is a function, given to the construct`,
    );
  const ownerClaim = text('ownerClaim');
  return {
    type: 'jwt',
    issuer: text('jwtIssuer') ?? '',
    audience,
    ...(ownerClaim === undefined ? {} : { ownerClaim }),
  };
}

function readFile(named: string | undefined): unknown {
  const path = named ?? usual;
  if (named === undefined && !existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable';
    throw new ConfigError(`the configuration ${path} cannot be read: ${why}`, { cause });
  }
}
