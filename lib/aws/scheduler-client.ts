import { SchedulerClient, type SchedulerClientConfig } from '@aws-sdk/client-scheduler';
import { within } from './clients.ts';

/** One call at the beginning of a job and one at its end; creations of one account throttle each other, so that one more attempt pays. */
const schedules = { retryMode: 'standard', maxAttempts: 4, requestHandler: within(3000) } as const;

export const createSchedulerClient = (config: SchedulerClientConfig = {}): SchedulerClient =>
  new SchedulerClient({ ...schedules, ...config });
