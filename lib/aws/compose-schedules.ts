import { env } from '../env.ts';
import type { Schedules } from '../ports.ts';
import { clock, type Environment, needed } from './environment.ts';
import { createEventBridgeSchedules } from './eventbridge-schedules.ts';
import { createSchedulerClient } from './scheduler-client.ts';

/** Schedules with their own client. Who may only delete knows neither where schedules send nor as whom. */
export function schedules(environment: Environment, may: 'create' | 'delete'): Schedules {
  const forCreating = (name: string): string => (may === 'create' ? needed(environment, name) : '');
  return createEventBridgeSchedules({
    scheduler: createSchedulerClient(),
    group: needed(environment, env.scheduleGroup),
    target_arn: forCreating(env.scheduleTargetArn),
    role_arn: forCreating(env.scheduleRoleArn),
    dead_letter_arn: forCreating(env.scheduleDeadLetterArn),
    clock,
  });
}
