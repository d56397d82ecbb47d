import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  ResourceNotFoundException,
  type SchedulerClient,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { RequestError } from '../core/errors.ts';
import type { JobRef } from '../core/job.ts';
import type { Clock, Schedules } from '../ports.ts';
import { inOurWords } from './service-errors.ts';

export type EventBridgeSchedulesOptions = {
  scheduler: SchedulerClient;
  /** The stack's own schedule group. */
  group: string;
  /** The tick queue, and the role that may send to it and to the dead letter queue. */
  target_arn: string;
  role_arn: string;
  dead_letter_arn: string;
  clock: Clock;
};

/** A heartbeat is worth little when the next one is as near; AWS would go on for a day, 185 times. */
const retryPolicy = { MaximumEventAgeInSeconds: 120, MaximumRetryAttempts: 3 };
/** However late a schedule is made, it beats for a while. */
const leastLifeMs = 3_600_000;
/** A role made a moment ago cannot be assumed yet: 7.5 s in all, which leaves a start its ten. */
const roleLagMs = [500, 1000, 2000, 4000] as const;
const roleLag = /must allow AWS EventBridge Scheduler to assume the role/;

/**
 * Heartbeats as EventBridge schedules, one a job, named by its id. Whatever already stands under the name stays: two
 * creates make one schedule. Throws RequestError UNAVAILABLE when AWS takes none at the moment, ConfigError when it never will.
 */
export function createEventBridgeSchedules(options: EventBridgeSchedulesOptions): Schedules {
  const { scheduler, group, clock } = options;

  async function send(input: CreateScheduleCommandInput, lags: readonly number[]): Promise<void> {
    try {
      await scheduler.send(new CreateScheduleCommand(input));
    } catch (error) {
      if (error instanceof ConflictException) return;
      const [lag_ms, ...rest] = lags;
      const lagging = error instanceof ValidationException && roleLag.test(error.message);
      if (lagging && lag_ms !== undefined) {
        await clock.sleep(lag_ms);
        return send(input, rest);
      }
      if (lagging)
        throw new RequestError('UNAVAILABLE', 'the role of schedules is not ready yet; send the same request again', {
          retry_after_ms: 5000,
          cause: error,
        });
      throw inOurWords('the schedule group', error);
    }
  }

  return {
    create: async ({ ref, interval_seconds, first_at_ms, end_at_ms }) => {
      const start_ms = Math.ceil(Math.max(first_at_ms, clock.now()) / 1000) * 1000;
      const end_ms = Math.max(end_at_ms, start_ms + leastLifeMs);
      const input = scheduleOf(options, ref, Math.ceil(interval_seconds / 60), start_ms, end_ms);
      await send(input, roleLagMs);
    },
    delete: async ({ job_id }) => {
      try {
        await scheduler.send(new DeleteScheduleCommand({ GroupName: group, Name: job_id }));
      } catch (error) {
        // Ended, or deleted by another tick of the same job.
        if (!(error instanceof ResourceNotFoundException)) throw inOurWords('the schedule group', error);
      }
    },
  };
}

function scheduleOf(
  { group, target_arn, role_arn, dead_letter_arn }: EventBridgeSchedulesOptions,
  { job_id, generation_ms }: JobRef,
  minutes: number,
  start_ms: number,
  end_ms: number,
): CreateScheduleCommandInput {
  return {
    GroupName: group,
    Name: job_id,
    // With the start in it no two different requests share a token, which would be refused as a conflict even after the
    // schedule was deleted: a job would be left without one. Names, not tokens, keep repeated creates apart.
    ClientToken: `${job_id}-${generation_ms.toString(36)}-${(start_ms / 1000).toString(36)}`,
    ScheduleExpression: minutes === 1 ? 'rate(1 minute)' : `rate(${minutes} minutes)`,
    FlexibleTimeWindow: { Mode: 'OFF' },
    StartDate: new Date(start_ms),
    EndDate: new Date(Math.floor(end_ms / 1000) * 1000),
    ActionAfterCompletion: 'DELETE',
    Target: {
      Arn: target_arn,
      RoleArn: role_arn,
      Input: heartbeatInput({ job_id, generation_ms }),
      RetryPolicy: retryPolicy,
      DeadLetterConfig: { Arn: dead_letter_arn },
    },
  };
}

/** What each beat puts into the tick queue; `readTick` reads it. Scheduler fills in the time. */
const heartbeatInput = (ref: JobRef): string =>
  JSON.stringify({ ...ref, carrier: 'heartbeat', expected_checks: null, due_at: '<aws.scheduler.scheduled-time>' });
