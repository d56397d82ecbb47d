import { createHash, randomUUID } from 'node:crypto';
import type { Disturb } from '../queues/api-call.ts';
import { nextTime } from './expression.ts';
import type { Schedule } from './schedule-book.ts';
import type { Time } from './time.ts';

/** One message for a queue, or event for a function, sent as the schedule's execution role. */
export type Delivery = {
  target_arn: string;
  role_arn: string;
  body: string;
  attributes: Record<string, string>;
  message_group_id: string | undefined;
};
/** Throws when the queue does not take it; the error's name ends up in the dead letter. */
export type Send = (delivery: Delivery) => Promise<void>;

/** One attempt to invoke a target, for tests to count. */
export type Firing = {
  at_ms: number;
  scheduled_ms: number;
  group: string;
  name: string;
  attempt: number;
  outcome: 'sent' | 'failed' | 'dead_lettered' | 'given_up';
};

export type FiringOptions = {
  time: Time;
  /** What callers take the time for, which is what `<aws.scheduler.scheduled-time>` tells. */
  client_now: () => number;
  send: Send;
  /** How long after its time a schedule fires, 0–59,999 ms: Scheduler is precise to the minute. */
  lateness_ms: (schedule: Schedule, beat: number) => number;
  /** Each invocation: twice, later still (and so after a deletion), or never. */
  disturb: Disturb<{ group: string; name: string; scheduled_ms: number }>;
};

/** Some seconds into the minute, the same for the same seed. */
export const seededLateness =
  (seed: number) =>
  ({ name }: Schedule, beat: number): number =>
    createHash('sha256').update(`${seed} ${name} ${beat}`).digest().readUInt32BE(0) % 60_000;

/** Fires schedules: at least once, with retries by exponential back-off until attempts or event age run out, then to the dead letter queue. */
export function createFiring({ time, client_now, send, lateness_ms, disturb }: FiringOptions) {
  const armed = new Map<Schedule, () => void>();
  const waiting = new Set<() => void>();
  const firings: Firing[] = [];

  function later(at_ms: number, run: () => Promise<void>): void {
    const cancel = time.at(at_ms, () => {
      waiting.delete(cancel);
      return run();
    });
    waiting.add(cancel);
  }

  /** `completed` hears of a schedule that will not fire again, after its last invocation. */
  function arm(schedule: Schedule, completed: () => void): void {
    const { expression, window } = schedule;
    const follow = (from_ms: number, beat: number): boolean => {
      const scheduled_ms = nextTime(expression, window, from_ms);
      if (scheduled_ms === undefined) return false;
      const at_ms = scheduled_ms + lateness_ms(schedule, beat);
      // "Invocations stop on or before EndDate": one that would come late falls away.
      if (window.end_ms !== null && expression.type === 'rate' && at_ms > window.end_ms) return false;
      const cancel = time.at(at_ms, async () => {
        const more = expression.type === 'rate' && follow(scheduled_ms + 1, beat + 1);
        if (!more) armed.delete(schedule);
        await invoke(schedule, scheduled_ms);
        if (!more) completed();
      });
      armed.set(schedule, cancel);
      return true;
    };
    if (schedule.input.State === 'DISABLED' || follow(time.now(), 0)) return;
    completed();
  }

  async function invoke(schedule: Schedule, scheduled_ms: number): Promise<void> {
    const { name, input } = schedule;
    for (const late_ms of disturb({ group: input.GroupName, name, scheduled_ms })) {
      const begun_ms = time.now() + Math.max(0, late_ms);
      if (late_ms <= 0) await attempt(schedule, scheduled_ms, 1, begun_ms);
      else later(begun_ms, () => attempt(schedule, scheduled_ms, 1, begun_ms));
    }
  }

  async function attempt(schedule: Schedule, scheduled_ms: number, number: number, begun_ms: number): Promise<void> {
    const { name, input } = schedule;
    const { Target: target } = input;
    const execution_id = randomUUID();
    const told = new Date(client_now() + scheduled_ms - time.now()).toISOString().replace(/\.\d+Z/, 'Z');
    const body = (target.Input ?? '{}')
      .replaceAll('<aws.scheduler.schedule-arn>', schedule.arn)
      .replaceAll('<aws.scheduler.scheduled-time>', told)
      .replaceAll('<aws.scheduler.execution-id>', execution_id)
      .replaceAll('<aws.scheduler.attempt-number>', String(number));
    const log = (outcome: Firing['outcome']): void =>
      void firings.push({ at_ms: time.now(), scheduled_ms, group: input.GroupName, name, attempt: number, outcome });
    const to = (target_arn: string, attributes: Record<string, string>): Promise<void> =>
      send({
        target_arn,
        role_arn: target.RoleArn,
        body,
        attributes,
        message_group_id: target.SqsParameters?.MessageGroupId,
      });
    try {
      await to(target.Arn, {});
      log('sent');
    } catch (error) {
      const retry_ms = time.now() + Math.min(60, 2 ** (number - 1)) * 1000;
      const { MaximumRetryAttempts: retries, MaximumEventAgeInSeconds: age } = target.RetryPolicy;
      const exhausted =
        number > retries
          ? 'MaximumRetryAttempts'
          : retry_ms - begun_ms > age * 1000
            ? 'MaximumEventAgeInSeconds'
            : null;
      if (exhausted === null) {
        log('failed');
        later(retry_ms, () => attempt(schedule, scheduled_ms, number + 1, begun_ms));
        return;
      }
      const queue = target.DeadLetterConfig?.Arn;
      const buried =
        queue !== undefined &&
        (await to(queue, {
          ERROR_CODE: error instanceof Error ? error.name : 'Unknown',
          ERROR_MESSAGE: error instanceof Error ? error.message : String(error),
          EXECUTION_ID: execution_id,
          EXHAUSTED_RETRY_CONDITION: exhausted,
          IS_PAYLOAD_TRUNCATED: 'false',
          RETRY_ATTEMPTS: String(number - 1),
          SCHEDULED_TIME: told,
          SCHEDULE_ARN: schedule.arn,
          TARGET_ARN: target.Arn,
        }).then(
          () => true,
          () => false, // the role may not write there: the dead letter queue stays empty, as on AWS
        ));
      log(buried ? 'dead_lettered' : 'given_up');
    }
  }

  return {
    firings,
    arm,
    /** Retries, and invocations that were on their way, still come. */
    disarm: (schedule: Schedule): void => {
      armed.get(schedule)?.();
      armed.delete(schedule);
    },
    stop: (): void => {
      for (const cancel of [...armed.values(), ...waiting]) cancel();
      armed.clear();
      waiting.clear();
    },
  };
}
export type FiringLine = ReturnType<typeof createFiring>;
