import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient, type SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { SSMClient, type SSMClientConfig } from '@aws-sdk/client-ssm';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/*
 * Timeouts and retries of every client, with their reasons, in this one place; those that only a job's end needs have files of their own, which
 * are loaded by then. Region, credentials and endpoints are the
 * SDK's own business (AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB, …); `config` is for what a test must say itself.
 *
 * Standard retries back off with jitter, and stop early when most calls fail. A call that is made again may have taken
 * effect the first time: each adapter is idempotent, or knows its own write again.
 */

/** A connection within the Region takes single milliseconds, but for a cold function, whose small share of a processor also loads modules and shakes hands. */
const connectionTimeout = 2000;

/** Without `throwOnRequestTimeout` the SDK logs that the time is up, and goes on waiting. */
export const within = (requestTimeout: number) => ({ connectionTimeout, requestTimeout, throwOnRequestTimeout: true });

/**
 * The table answers in single milliseconds, and is asked several times by a function that has 30 s. Four attempts sit out a
 * short throttle (an on-demand table splits within seconds); all of them, hung, take 12 s.
 */
const table = { retryMode: 'standard', maxAttempts: 4, requestHandler: within(3000) } as const;

/** Queue and topics: a few calls for each event of a job, seldom slow. Three attempts, hung, take 9 s. */
export const messages = { retryMode: 'standard', maxAttempts: 3, requestHandler: within(3000) } as const;

/** Asked once in five minutes, and nothing goes on without the answer. */
const secrets = { retryMode: 'standard', maxAttempts: 3, requestHandler: within(3000) } as const;

/** DynamoDB that speaks plain values. */
export const createDocuments = (config: DynamoDBClientConfig = {}): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient({ ...table, ...config }));

export const createSqsClient = (config: SQSClientConfig = {}): SQSClient => new SQSClient({ ...messages, ...config });

export const createSecretsManagerClient = (config: SecretsManagerClientConfig = {}): SecretsManagerClient =>
  new SecretsManagerClient({ ...secrets, ...config });

export const createSsmClient = (config: SSMClientConfig = {}): SSMClient => new SSMClient({ ...secrets, ...config });
