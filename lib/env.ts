/*
 * Names shared by the infrastructure and the functions. This file imports nothing.
 * A construct's grant sets the IAM statement and the variable together, so that the two cannot drift.
 */

/** Environment variables of the functions, one place for each thing they touch. */
export const env = {
  jobTable: 'JOB_TABLE_NAME',
  tickQueueUrl: 'TICK_QUEUE_URL',
  deliveryQueueUrl: 'DELIVERY_QUEUE_URL',
  scheduleGroup: 'SCHEDULE_GROUP_NAME',
  /** What schedules send to, and as whom. */
  scheduleTargetArn: 'SCHEDULE_TARGET_ARN',
  scheduleRoleArn: 'SCHEDULE_ROLE_ARN',
  scheduleDeadLetterArn: 'SCHEDULE_DEAD_LETTER_ARN',
  outcomesTopicArn: 'OUTCOMES_TOPIC_ARN',
  chatTopicArn: 'CHAT_TOPIC_ARN',
  baseUrl: 'PUBLIC_BASE_URL',
  watchdogMinutes: 'WATCHDOG_MINUTES',
  longPollSeconds: 'LONG_POLL_SECONDS',
} as const;

/** Indexes of the job table. */
export const indexes = { owner: 'jobs-of-owner', active: 'active-jobs' } as const;

/** The configuration, shipped beside each bundle. */
export const configurationFile = 'config.json';

/** CloudWatch namespace of every metric. */
export const metricNamespace = 'untildone';
