import { SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import { messages } from './clients.ts';

export const createSnsClient = (config: SNSClientConfig = {}): SNSClient => new SNSClient({ ...messages, ...config });
