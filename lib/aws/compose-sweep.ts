import { env } from '../env.ts';
import { createSqsClient } from './clients.ts';
import { store } from './compose.ts';
import { schedules } from './compose-schedules.ts';
import { createDynamoActiveJobs } from './dynamo-active-jobs.ts';
import { clock, type Environment, needed } from './environment.ts';
import { readShipped } from './shipped-configuration.ts';
import { createSqsTicks } from './sqs-ticks.ts';

/** The sweep function: finding jobs that nothing wakes, and waking them. */
export function composeSweep(environment: Environment = process.env) {
  const { documents, table, jobs } = store(environment, readShipped());
  return {
    jobs,
    activeJobs: createDynamoActiveJobs({ documents, table }),
    schedules: schedules(environment, 'create'),
    ticks: createSqsTicks({ sqs: createSqsClient(), queue_url: needed(environment, env.tickQueueUrl), clock }),
    clock,
  };
}
