import { CreateScheduleCommand, DeleteScheduleCommand } from '@aws-sdk/client-scheduler';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { PublishCommand } from '@aws-sdk/client-sns';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { createDocuments, createSecretsManagerClient, createSqsClient } from '../lib/aws/clients.ts';
import { createSchedulerClient } from '../lib/aws/scheduler-client.ts';
import { createSnsClient } from '../lib/aws/sns-client.ts';

/* What no version of the poll function could do without: its clients and their commands, and nothing of ours. */

export const clients = [
  createDocuments(),
  createSchedulerClient(),
  createSecretsManagerClient(),
  createSnsClient(),
  createSqsClient(),
];

export const commands = [
  PutCommand,
  QueryCommand,
  UpdateCommand,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetSecretValueCommand,
  PublishCommand,
  SendMessageCommand,
];
