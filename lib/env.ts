/*
 * Names shared by the infrastructure and the functions. This file imports nothing.
 * A construct's grant sets the IAM statement and the variable together, so that the two cannot drift.
 */

/** Environment variables of the functions, one place for each thing they touch. */
export const env = {
  jobTable: 'JOB_TABLE_NAME',
  tickQueueUrl: 'TICK_QUEUE_URL',
  deliveryQueueUrl: 'DELIVERY_QUEUE_URL',
  /** Where a delivery goes whose target was given up. */
  deliveryDeadLetterUrl: 'DELIVERY_DEAD_LETTER_URL',
  scheduleGroup: 'SCHEDULE_GROUP_NAME',
  /** What schedules send to, and as whom. */
  scheduleTargetArn: 'SCHEDULE_TARGET_ARN',
  scheduleRoleArn: 'SCHEDULE_ROLE_ARN',
  scheduleDeadLetterArn: 'SCHEDULE_DEAD_LETTER_ARN',
  outcomesTopicArn: 'OUTCOMES_TOPIC_ARN',
  chatTopicArn: 'CHAT_TOPIC_ARN',
  baseUrl: 'PUBLIC_BASE_URL',
  /** How callers prove who they are, one of `apiAuths`; and which claim (or context key) names the owner. */
  apiAuth: 'API_AUTH',
  ownerClaim: 'OWNER_CLAIM',
  watchdogMinutes: 'WATCHDOG_MINUTES',
  longPollSeconds: 'LONG_POLL_SECONDS',
  /** The secret that tokens in the job table are sealed with. */
  tokenKeyArn: 'TOKEN_KEY_ARN',
} as const;

/** Indexes of the job table. */
export const indexes = { owner: 'jobs-of-owner', active: 'active-jobs' } as const;

/** The attribute of a message of which people have heard already, with another one: who mails people filters by its absence. */
export const peopleAttribute = { name: 'people', told: 'told' } as const;

/** The configuration, shipped beside each bundle. */
export const configurationFile = 'config.json';

/** CloudWatch namespace of every metric. */
export const metricNamespace = 'untildone';

/** Who proves that callers are who they say: API Gateway itself, by one of these. */
export const apiAuths = ['iam', 'jwt', 'tokenAuthorizer'] as const;

/** Metrics, each with its unit. All carry the dimension `service`, the name of the deployment. */
export const metrics = {
  activeJobs: 'ActiveJobs',
  oldestActiveJobSeconds: 'OldestActiveJobSeconds',
  orphans: 'Orphans',
  /** Also by `kind`. */
  checks: 'Checks',
  /** Also by `host`. */
  checkErrors: 'CheckErrors',
  credentialsRefused: 'CredentialsRefused',
  /** One for each death of a connection's credential under OAuth 2. */
  credentialDead: 'CredentialDead',
  detectionLagMs: 'DetectionLagMs',
  /** Also by `outcome`. */
  announcements: 'Announcements',
  /** Attempts on single targets, also by `outcome`. */
  deliveries: 'Deliveries',
} as const;
